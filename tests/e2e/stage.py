"""The whole of it as real processes: `snap-token serve`, a proxy in front, the merchant's service behind."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import digest
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.e2e import merchant_service
from tests.e2e.conftest import COMMAND
from tests.e2e.merchant_service import ARBITRARY, Service
from tests.e2e.process import Process, run, running
from tests.e2e.proxies import Behind, Proxy
from tests.e2e.transcript import Transcript
from tests.merchant import write_settings
from tests.nicepay import BODY, Nicepay, jakarta

TOKEN = "/api/v1.0/access-token/b2b"
INQUIRY = "/api/v1.0/cvs/inquiry"
PAYMENT = "/api/v1.0/cvs/payment"
SERVICES = f"""
[[services]]
path = "{INQUIRY}"
service_code = "91"
[[services]]
path = "{PAYMENT}"
service_code = "92"
"""
"""No service code of NICO's calls is published: these two are the test's own."""

Sign = Callable[[str, str, bytes, str], str]
"""X-SIGNATURE of a POST: of its path, its token, its body and its timestamp."""
ProxyOf = Callable[[Path, Behind], AbstractContextManager[Proxy]]


def asymmetric(nicepay: Nicepay) -> Sign:
    """As NICEPAY prints it for NICO: only client key and timestamp are signed."""
    return lambda _path, _token, _body, timestamp: nicepay.signature(timestamp)


def symmetric(secret: str) -> Sign:
    """As ASPI has it for transactions."""

    def sign(path: str, token: str, body: bytes, timestamp: str) -> str:
        message = f"POST:{path}:{token}:{sha256(body).hexdigest()}:{timestamp}"
        return b64encode(digest(secret.encode(), message.encode(), "sha512")).decode()

    return sign


@dataclass(frozen=True)
class NicoCall:
    """A call of NICEPAY's; its body is arbitrary, since what NICO puts there is no business of this project."""

    token: str
    external_id: str
    sign: Sign
    path: str = INQUIRY
    body: bytes = ARBITRARY
    signed_body: bytes = ARBITRARY
    late: timedelta = timedelta()
    added: dict[str, str] = field(default_factory=dict)

    def headers(self, client_key: str) -> dict[str, str]:
        timestamp = jakarta(datetime.now(UTC) - self.late)
        return {
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {self.token}"} if self.token else {}),
            "X-TIMESTAMP": timestamp,
            "X-PARTNER-ID": client_key,
            "X-SIGNATURE": self.sign(self.path, self.token, self.signed_body, timestamp),
            "X-EXTERNAL-ID": self.external_id,
            **self.added,
        }


@dataclass(frozen=True)
class Stage:
    """All of them under way, NICEPAY as the caller outside, and the transcript."""

    settings: Path
    nicepay: Nicepay
    server: Process
    internal: str
    proxy: Proxy
    merchant: Service
    told: Transcript = field(default_factory=Transcript)

    @property
    def outside(self) -> httpx.Client:
        """Who comes through the proxy."""
        return self.proxy.client

    def token(self) -> str:
        """Have NICEPAY ask for a token, through the proxy."""
        headers = self.nicepay.headers(jakarta(datetime.now(UTC)))
        answer = self.outside.post(TOKEN, headers=headers, content=BODY)
        self.told.exchange(answer)
        assert (answer.status_code, answer.json()["responseCode"]) == (200, "2007300")
        token: str = answer.json()["accessToken"]
        return token

    def send(self, call: NicoCall) -> httpx.Response:
        """Send a call through the proxy and tell nobody."""
        return self.outside.post(call.path, headers=call.headers(self.nicepay.client_key), content=call.body)

    def deliver(self, call: NicoCall) -> httpx.Response:
        """Send a genuine call; it reaches the merchant as it came, with whose it is, and its answer comes back."""
        answer = self.send(call)
        self.told.exchange(answer)
        assert (answer.status_code, answer.content) == (200, self.merchant.answer.content)
        got = self.merchant.took()
        assert (got.method, got.target, got.body) == ("POST", call.path, call.body)
        whose = got.values("X-Client-Key"), got.values("X-External-Id")
        assert whose == ([self.nicepay.client_key], [call.external_id])
        self.told.note(f"The merchant's service got {len(got.body)} bytes, the very ones that were sent, with")
        self.told.note(f"X-Client-Key: {whose[0][0]} and X-External-Id: {whose[1][0]}.")
        return answer

    def refuse(self, answer: httpx.Response, code: str, message: str, challenge: str | None, reason: str) -> None:
        """Hold a refusal against what the caller is to see, the log is to say, and the merchant is not to get."""
        self.told.exchange(answer)
        body = {"responseCode": code, "responseMessage": message}
        assert (answer.status_code, answer.json()) == (int(code[:3]), body)
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers.get("WWW-Authenticate") == challenge
        assert self.merchant.calls.empty()
        line = self.server.err.event("call.refused")
        assert (line["reason"], line["response_code"]) == (reason, code)
        self.told.note(f"The log: call.refused, reason {reason}. The merchant's service got nothing.")

    def command(self, *arguments: str) -> None:
        """Run one of the merchant's own commands."""
        name, *options = arguments
        done = run(COMMAND, name, *options, "--config", self.settings)
        assert (done.returncode, done.stderr) == (0, "")
        self.told.note(f"$ snap-token {' '.join(arguments)} --config {self.settings.name}")
        self.told.note(done.stdout.strip())


def settings(folder: Path, nicepay: Nicepay, state: str, internal: str) -> Path:
    """Settings of NICO's two services; `internal` is the rest of that table."""
    extra = f'{SERVICES}[server]\nport = 0\n[state]\nurl = "{state}"\n[internal]\nport = 0\n{internal}'
    return write_settings(folder, nicepay, extra=extra)


@contextmanager
def staged(file: Path, nicepay: Nicepay, proxy: ProxyOf) -> Iterator[Stage]:
    """Start what the settings say, the proxy before it and the merchant's service behind; until the block ends."""
    with running(COMMAND, "serve", "--config", file) as server, merchant_service.running() as merchant:
        public = urlsplit(server.err.event("server.listening")["endpoint"])
        internal = urlsplit(server.err.event("internal.listening")["endpoint"])
        behind = Behind(public.port or 0, internal.port or 0, merchant.port)
        with proxy(file.parent, behind) as front:
            yield Stage(file, nicepay, server, f"http://{internal.netloc}", front, merchant)
