"""The traffic of a soak: clients that send honest, repeated and hostile requests of every form at a steady pace."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import Event
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx

from tests.calls import PARTNER, SECRET
from tests.e2e.process import PATIENCE
from tests.e2e.stage import PAYMENT, TOKEN, asymmetric, symmetric
from tests.forms import NOTIFY_URI, SIGNED_URI
from tests.internal import NOTIFIER, SYMMETRIC
from tests.nicepay import BODY, CLIENT_KEY, Nicepay, jakarta
from tests.soak.drift import clock_error, is_outside
from tests.soak.ledger import DELIVERED, ISSUED, LOST, Entry
from tests.soak.site import Site

if TYPE_CHECKING:
    from tests.e2e.stage import Sign

STALE = timedelta(minutes=20)
"""Further from the server's clock than the tolerance of the clients, also for a client with a wrong clock."""
LIFETIME_SECONDS = 900

Headers = dict[str, str]


@dataclass(frozen=True)
class Request:
    """One request, and the answer that is expected. See `Entry`."""

    kind: str
    key: str
    path: str
    headers: Headers
    body: bytes
    expected: str


def _body(key: str) -> bytes:
    return json.dumps({"key": key}).encode()


@dataclass
class Caller:
    """One client on its own connections. It sends at most `rate` requests a second. Its clock may drift."""

    site: Site
    client_key: str
    rate: float
    drifts: bool = False
    entries: list[Entry] = field(default_factory=list)
    _error: timedelta = timedelta()
    _token_held: str = ""

    @property
    def _partner(self) -> str:
        return PARTNER if self.client_key == CLIENT_KEY else self.client_key

    @property
    def signer(self) -> Nicepay:
        return Nicepay(self.client_key, self.site.nicepay.private_key)

    def send(self, is_over: Event) -> None:
        """Send rounds of requests until the event is set."""
        proxy = self.site.proxy
        base_url = f"https://127.0.0.1:{proxy.port}"
        with httpx.Client(base_url=base_url, verify=proxy.tls or False, trust_env=False, timeout=PATIENCE) as http:
            start = due = time.monotonic()
            while not is_over.is_set():
                self._error = clock_error(time.monotonic() - start) if self.drifts else timedelta()
                for request in self._round(http):
                    self._exchange(http, request)
                    due = max(due + 1 / self.rate, time.monotonic() - 1)
                    is_over.wait(max(0.0, due - time.monotonic()))

    def _timestamp(self, late: timedelta = timedelta()) -> str:
        return jakarta(datetime.now(UTC) + self._error - late)

    def _round(self, http: httpx.Client) -> Iterator[Request]:
        return self._honest_round_outside() if is_outside(self._error) else self._usual_round(http)

    def _honest_round_outside(self) -> Iterator[Request]:
        """Everything that this client signs now is refused, because of its clock."""
        yield self._token()
        if self._token_held:
            yield replace(self._genuine_call(self._token_held), kind="call outside", expected="4019900")

    def _usual_round(self, http: httpx.Client) -> Iterator[Request]:
        token_request = self._token()
        token = self._exchange(http, token_request)
        if not token:  # The ledger has the reason.
            return
        self._token_held = token
        yield _again(token_request, "token again", ISSUED)
        yield self._token(forged=True)
        yield self._token(late=STALE)
        yield from self._calls(token)
        if self.client_key == CLIENT_KEY:
            yield from self._calls_without_token()

    def _token(self, *, forged: bool = False, late: timedelta = timedelta()) -> Request:
        headers = self.signer.headers(self._timestamp(late))
        if forged:
            headers["X-SIGNATURE"] = self.signer.signature("forged")
        kind, expected = ("token stale", "4017300") if late else ("token", ISSUED)
        if is_outside(self._error):
            kind, expected = "token outside", "4017300"
        if forged:
            kind, expected = "token forged", "4017300"
        return Request(kind, headers["X-SIGNATURE"], TOKEN, headers, BODY, expected)

    def _calls(self, token: str) -> Iterator[Request]:
        genuine, sign = self._genuine_call(token), self._sign
        form = genuine.kind
        yield genuine
        if self._was_delivered():
            yield _again(genuine, f"{form} again", "4099900")
        yield self._call(f"{form} forged", lambda *_: self.signer.signature("forged"), token, expected="4019900")
        yield self._call(f"{form} stale", sign, token, late=STALE, expected="4019900")
        yield self._call(f"{form} stolen", sign, "gAAAAABno-token", expected="4019901")

    @property
    def _sign(self) -> "Sign":
        return symmetric(SECRET.decode()) if self.client_key == SYMMETRIC else asymmetric(self.signer)

    def _genuine_call(self, token: str) -> Request:
        return self._call("symmetric" if self.client_key == SYMMETRIC else "asymmetric", self._sign, token)

    def _call(
        self, kind: str, sign: "Sign", token: str, *, late: timedelta = timedelta(), expected: str = DELIVERED
    ) -> Request:
        key, timestamp = uuid4().hex, self._timestamp(late)
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {token}",
            "X-TIMESTAMP": timestamp,
            "X-PARTNER-ID": self._partner,
            "X-SIGNATURE": sign(PAYMENT, token, _body(key), timestamp),
            "X-EXTERNAL-ID": key,
        }
        return Request(kind, key, PAYMENT, headers, _body(key), expected)

    def _calls_without_token(self) -> Iterator[Request]:
        for genuine in (self._notification(), self._body_signed()):
            code = "52" if genuine.path == NOTIFY_URI else "33"
            yield genuine
            if self._was_delivered():
                yield _again(genuine, f"{genuine.kind} again", f"409{code}00")
            forged = genuine.headers | {"X-SIGNATURE": self.signer.signature("forged")}
            key = uuid4().hex
            yield Request(f"{genuine.kind} forged", key, genuine.path, forged, _body(key), f"401{code}00")

    def _notification(self) -> Request:
        key, timestamp = uuid4().hex, self._timestamp()
        headers = {
            "Content-Type": "application/json",
            "X-TIMESTAMP": timestamp,
            "X-CLIENT-KEY": self.client_key,
            "X-SIGNATURE": NOTIFIER.signature(timestamp, self.client_key),
        }
        return Request("notification", key, NOTIFY_URI, headers, _body(key), DELIVERED)

    def _body_signed(self) -> Request:
        key, timestamp = uuid4().hex, self._timestamp()
        message = f"POST:{SIGNED_URI}:{sha256(_body(key)).hexdigest()}:{timestamp}"
        headers = {
            "Content-Type": "application/json",
            "X-TIMESTAMP": timestamp,
            "X-PARTNER-ID": self._partner,
            "X-SIGNATURE": self.signer.signature_of(message),
            "X-EXTERNAL-ID": key,
        }
        return Request("body-signed", key, SIGNED_URI, headers, _body(key), DELIVERED)

    def _was_delivered(self) -> bool:
        """Whether the last call was accepted. After a failure, nobody knows how its repeat is answered."""
        return self.entries[-1].answered == DELIVERED

    def _exchange(self, http: httpx.Client, request: Request) -> str:
        """Send a request, enter it with its answer into the ledger, and return the token if there is one."""
        sent = time.time()
        try:
            answer = http.post(request.path, headers=request.headers, content=request.body)
        except httpx.TransportError:
            self.entries.append(_entry(request, LOST, sent))
            return ""
        content = answer.json()
        token: str = content.get("accessToken", "")
        answered = content.get("responseCode", str(answer.status_code))
        end = self._token_end(token) if token else None
        self.entries.append(_entry(request, answered, sent, answer.headers.get("X-Request-ID", ""), end))
        return token

    def _token_end(self, token: str) -> int:
        return self.site.token_keys.issued_at(token) + LIFETIME_SECONDS


def _entry(request: Request, answered: str, sent: float, request_id: str = "", token_end: int | None = None) -> Entry:
    return Entry(request.kind, request.key, request.expected, answered, sent, time.time(), request_id, token_end)


def _again(request: Request, kind: str, expected: str) -> Request:
    return replace(request, kind=kind, expected=expected)
