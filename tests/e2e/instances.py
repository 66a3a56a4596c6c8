"""Instances of the real server with both listeners, and NICEPAY's requests to them on persistent connections."""

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

from tests.document import TOKEN_PATH
from tests.e2e.process import COMMAND, NO_CLIENT_LIMIT, PATIENCE, Process, environment, running
from tests.merchant import BASE_PATH
from tests.nicepay import BODY, Nicepay, jakarta

TOKEN = BASE_PATH + TOKEN_PATH
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
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LOST = (ConnectionError, HTTPException)
"""What a caller gets if the server closes the connection without an answer."""


@dataclass(frozen=True)
class Answer:
    """The answer to a request."""

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
    """A persistent connection to one listener. After an error, the next request opens a new one."""

    def __init__(self, port: int) -> None:
        super().__init__(HOST, port, timeout=PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def post(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Send a request and read its answer. Raises one of LOST if there is none."""
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
        return self.post("/introspect", _FORM, urlencode({"token": token}).encode())

    def authorise(self, call: dict[str, str]) -> Answer:
        return self.post("/authorize", call, b"{}")

    def revoke(self, token: str) -> Answer:
        return self.post("/revoke", _FORM, urlencode({"token": token}).encode())


@dataclass(frozen=True)
class Instance:
    """One process and its two listeners.

    `ask`, `authorise` and `is_active` open a new connection each time, because the server closes idle ones.
    """

    process: Process
    public_port: int
    internal_port: int

    def public(self) -> Connection:
        return Connection(self.public_port)

    def internal(self) -> Connection:
        return Connection(self.internal_port)

    def ask(self, signed: dict[str, str]) -> Answer:
        with self.public() as connection:
            return connection.ask(signed)

    def authorise(self, call: dict[str, str]) -> Answer:
        with self.internal() as connection:
            return connection.authorise(call)

    def is_active(self, token: str) -> bool:
        with self.internal() as connection:
            active: bool = connection.introspect(token).content["active"]
        return active

    def payments(self, nicepay: Nicepay) -> "Payments":
        """NICEPAY's calls with a new token."""
        return Payments(nicepay, self.ask(signed_now(nicepay)).token)


@contextmanager
def instances(
    *settings: Path, command: tuple[str | Path, ...] = (COMMAND,), **variables: str
) -> Iterator[list[Instance]]:
    """Serve each of these settings files until the block ends. The variable TOKEN__REPEAT sets `[token] repeat`."""
    env = environment(**NO_CLIENT_LIMIT, **{f"SNAP_TOKEN__{name}": value for name, value in variables.items()})
    with ExitStack() as stack:
        commands = [(*command, "serve", "--config", file) for file in settings]
        processes = [stack.enter_context(running(*each, env=env)) for each in commands]
        yield [Instance(process, _port(process, "server"), _port(process, "internal")) for process in processes]


def _port(process: Process, listener: str) -> int:
    endpoint: str = process.err.event(f"{listener}.listening")["endpoint"]
    return urlsplit(endpoint).port or 0


def signed_now(nicepay: Nicepay) -> dict[str, str]:
    """The headers of a token request that is signed now."""
    return nicepay.headers(jakarta(datetime.now(UTC)))


@dataclass(frozen=True)
class Payments:
    """NICEPAY's calls with one token and one timestamp, with the headers that a proxy sends to /authorize."""

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
    """The file of token keys, read without the code under test."""

    file: Path

    def issued_at(self, token: str) -> int:
        """The issue time of a token in Unix seconds. Raises InvalidToken if no key decrypts it."""
        lines = [line.partition("#")[0].strip() for line in self.file.read_text().splitlines()]
        return MultiFernet([Fernet(line) for line in lines if line]).extract_timestamp(token)
