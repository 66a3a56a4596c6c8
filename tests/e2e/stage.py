"""The whole system as real processes: `snap-token serve`, a proxy in front of it, the merchant's service behind it."""

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

from tests.document import TOKEN_PATH
from tests.e2e import merchant_service
from tests.e2e.merchant_service import ARBITRARY, Service
from tests.e2e.process import COMMAND, Process, run, running
from tests.e2e.proxies import Proxy, Upstreams
from tests.e2e.transcript import Transcript
from tests.merchant import BASE_PATH, write_settings
from tests.nicepay import BODY, Nicepay, jakarta

TOKEN = BASE_PATH + TOKEN_PATH
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
"""The service codes of NICO's calls are not published. These two are examples."""

Sign = Callable[[str, str, bytes, str], str]
"""Makes the X-SIGNATURE of a POST from its path, token, body and timestamp."""
ProxyOf = Callable[[Path, Upstreams], AbstractContextManager[Proxy]]


def asymmetric(nicepay: Nicepay) -> Sign:
    """Sign in the form that NICEPAY documents for NICO: over client key and timestamp only."""
    return lambda _path, _token, _body, timestamp: nicepay.signature(timestamp)


def symmetric(secret: str) -> Sign:
    """Sign in the symmetric form of ASPI's standard."""

    def sign(path: str, token: str, body: bytes, timestamp: str) -> str:
        message = f"POST:{path}:{token}:{sha256(body).hexdigest()}:{timestamp}"
        return b64encode(digest(secret.encode(), message.encode(), "sha512")).decode()

    return sign


@dataclass(frozen=True)
class NicoCall:
    """A call of NICEPAY. Its body is arbitrary JSON, because this project does not read it."""

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
    """The running processes, NICEPAY as the caller, and the transcript of the exchanges."""

    settings: Path
    nicepay: Nicepay
    server: Process
    internal: str
    proxy: Proxy
    merchant: Service
    transcript: Transcript = field(default_factory=Transcript)

    @property
    def outside(self) -> httpx.Client:
        """The HTTP client that sends to the proxy."""
        return self.proxy.client

    def token(self) -> str:
        """Request a token as NICEPAY, through the proxy."""
        headers = self.nicepay.headers(jakarta(datetime.now(UTC)))
        answer = self.outside.post(TOKEN, headers=headers, content=BODY)
        self.transcript.exchange(answer)
        assert (answer.status_code, answer.json()["responseCode"]) == (200, "2007300")
        token: str = answer.json()["accessToken"]
        return token

    def send(self, call: NicoCall) -> httpx.Response:
        """Send a call through the proxy without an entry in the transcript."""
        return self.outside.post(call.path, headers=call.headers(self.nicepay.client_key), content=call.body)

    def deliver(self, call: NicoCall) -> httpx.Response:
        """Send a genuine call. It must reach the merchant unchanged, with its client key, and be answered."""
        return self.delivered(self.send(call), self.nicepay.client_key, call.external_id)

    def delivered(self, answer: httpx.Response, client_key: str, external_id: str | None) -> httpx.Response:
        """Check a genuine call: it reached the merchant unchanged, with its client key, and was answered."""
        self.transcript.exchange(answer)
        assert (answer.status_code, answer.content) == (200, self.merchant.answer.content)
        received, request = self.merchant.received(), answer.request
        target = request.url.raw_path.decode()
        assert (received.method, received.target, received.body) == ("POST", target, request.content)
        ids = [external_id] if external_id else []
        assert (received.values("X-Client-Key"), received.values("X-External-Id")) == ([client_key], ids)
        self.transcript.note(f"The merchant's service received the same {len(received.body)} bytes of body, with")
        self.transcript.note(f"X-Client-Key: {client_key} and X-External-Id: {external_id or '(none)'}.")
        return answer

    def refuse(self, answer: httpx.Response, code: str, message: str, challenge: str | None, reason: str) -> None:
        """Check a refusal: the caller's answer, the log line, and that the merchant's service received nothing."""
        self.transcript.exchange(answer)
        body = {"responseCode": code, "responseMessage": message}
        assert (answer.status_code, answer.json()) == (int(code[:3]), body)
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers.get("WWW-Authenticate") == challenge
        assert self.merchant.calls.empty()
        line = self.server.err.event("call.refused")
        assert (line["reason"], line["response_code"]) == (reason, code)
        self.transcript.note(f"Log: call.refused, reason {reason}. The merchant's service received nothing.")

    def command(self, *arguments: str) -> None:
        """Run a `snap-token` command as the merchant's operator."""
        name, *options = arguments
        done = run(COMMAND, name, *options, "--config", self.settings)
        assert (done.returncode, done.stderr) == (0, "")
        self.transcript.note(f"$ snap-token {' '.join(arguments)} --config {self.settings.name}")
        self.transcript.note(done.stdout.strip())


def settings(folder: Path, nicepay: Nicepay, state: str, internal: str) -> Path:
    """Write settings with NICO's two services. `internal` holds more lines for the table `[internal]`."""
    extra = f'{SERVICES}[server]\nport = 0\n[state]\nurl = "{state}"\n[internal]\nport = 0\n{internal}'
    return write_settings(folder, nicepay, extra=extra)


@contextmanager
def staged(file: Path, nicepay: Nicepay, proxy: ProxyOf) -> Iterator[Stage]:
    """Run the server, the proxy and the merchant's service until the block ends."""
    with running(COMMAND, "serve", "--config", file) as server, merchant_service.running() as merchant:
        public = urlsplit(server.err.event("server.listening")["endpoint"])
        internal = urlsplit(server.err.event("internal.listening")["endpoint"])
        upstreams = Upstreams(public.port or 0, internal.port or 0, merchant.port)
        with proxy(file.parent, upstreams) as running_proxy:
            yield Stage(file, nicepay, server, f"http://{internal.netloc}", running_proxy, merchant)
