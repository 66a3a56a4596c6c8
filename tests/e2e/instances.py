"""Instances of the real server with both listeners, and NICEPAY's requests on connections that are kept."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from cryptography.fernet import Fernet, MultiFernet

from tests.e2e.conftest import COMMAND
from tests.e2e.process import PATIENCE, Process, environment, running
from tests.nicepay import BODY, Nicepay, jakarta

TOKEN = "/api/v1.0/access-token/b2b"
PAYMENT = "/api/v1.0/cvs/payment"
HOST = "127.0.0.1"
TABLES = f"""
[server]
port = 0
[internal]
port = 0
[[services]]
path = "{PAYMENT}"
service_code = "90"
"""
LOST = (ConnectionError, HTTPException)
"""What a caller meets whose answer is lost."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    content: dict[str, Any]

    @property
    def code(self) -> str | None:
        return self.content.get("responseCode")

    @property
    def token(self) -> str:
        token: str = self.content["accessToken"]
        return token


class Connection(HTTPConnection):
    """To one listener, kept; when it was lost, the next request opens another."""

    def __init__(self, port: int) -> None:
        super().__init__(HOST, port, timeout=PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def post(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Send a request and read its answer; one of LOST if there is none."""
        try:
            self.request("POST", path, body, headers)
            answer = self.getresponse()
            content = answer.read()
        except LOST:
            self.close()
            raise
        return Answer(answer.status, dict(answer.getheaders()), json.loads(content or b"{}"))

    def ask(self, signed: dict[str, str]) -> Answer:
        """Send a signed request for a token."""
        return self.post(TOKEN, signed, BODY)

    def introspect(self, token: str) -> Answer:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.post("/introspect", form, urlencode({"token": token}).encode())

    def authorise(self, call: dict[str, str]) -> Answer:
        return self.post("/authorize", call, b"{}")


@dataclass(frozen=True)
class Instance:
    """One process and its two listeners."""

    process: Process
    public_port: int
    internal_port: int

    def public(self) -> Connection:
        return Connection(self.public_port)

    def internal(self) -> Connection:
        return Connection(self.internal_port)


@contextmanager
def instances(
    *settings: Path, command: tuple[str | Path, ...] = (COMMAND,), **variables: str
) -> Iterator[list[Instance]]:
    """Serve each of these settings until the block ends; TOKEN__REPEAT sets `[token] repeat`, and so on."""
    env = environment(**{f"SNAP_TOKEN__{name}": value for name, value in variables.items()})
    with ExitStack() as stack:
        commands = [(*command, "serve", "--config", file) for file in settings]
        processes = [stack.enter_context(running(*each, env=env)) for each in commands]
        yield [Instance(process, _port(process, "server"), _port(process, "internal")) for process in processes]


def _port(process: Process, listener: str) -> int:
    endpoint: str = process.err.event(f"{listener}.listening")["endpoint"]
    return urlsplit(endpoint).port or 0


def signed_now(nicepay: Nicepay) -> dict[str, str]:
    """The headers of a request for a token."""
    return nicepay.headers(jakarta(datetime.now(UTC)))


@dataclass(frozen=True)
class Payments:
    """NICEPAY's calls with one token, within a second, as a proxy brings them before the internal listener."""

    nicepay: Nicepay
    token: str
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        timestamp = jakarta(datetime.now(UTC))
        self.__dict__["headers"] = {
            "X-Original-Method": "POST",
            "X-Original-URI": PAYMENT,
            "Authorization": f"Bearer {self.token}",
            "X-TIMESTAMP": timestamp,
            "X-PARTNER-ID": self.nicepay.client_key,
            "X-SIGNATURE": self.nicepay.signature(timestamp),
        }

    def call(self, external_id: str) -> dict[str, str]:
        """The headers of one call."""
        return self.headers | {"X-EXTERNAL-ID": external_id}


@dataclass(frozen=True)
class TokenKeys:
    """What the file of token keys holds, read without the code under test."""

    file: Path

    def issued_at(self, token: str) -> int:
        """The second that a token counts from; InvalidToken unless one of the keys opens it."""
        lines = [line.partition("#")[0].strip() for line in self.file.read_text().splitlines()]
        return MultiFernet([Fernet(line) for line in lines if line]).extract_timestamp(token)
