"""Two servers for one request: the bound application, and a stock Connexion application of the same document."""

import copy
from contextlib import suppress
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from connexion import AsyncApp, request
from connexion.resolver import Resolver
from starlette.types import ASGIApp, Message, Scope

from handlers.server.openapi.application import application, public_api
from handlers.services import Services
from tests.document import RAW, TOKEN_PATH
from tests.merchant import BASE_PATH
from tests.nicepay import BODY

HANDLER = "handler"
"""The verdict on a request that is taken; on one that is refused, it is the status."""

UNREAD = "handler, without an object"
"""The verdict on a request that is taken with a body that nobody has parsed."""

SNAP_HEADERS = ("X-TIMESTAMP", "X-CLIENT-KEY", "X-SIGNATURE")


@dataclass(frozen=True)
class Request:
    """A request by its parts, each right unless said otherwise; a header has as many values as it is sent with."""

    method: str = "POST"
    target: str = BASE_PATH + TOKEN_PATH
    hosts: tuple[bytes, ...] = (b"merchant.example",)
    types: tuple[bytes, ...] = (b"application/json",)
    encodings: tuple[bytes, ...] = ()
    timestamps: tuple[bytes, ...] = (b"2026-01-22T12:00:01+07:00",)
    client_keys: tuple[bytes, ...] = (b"IONPAYTEST",)
    signatures: tuple[bytes, ...] = (b"QUJD" * 86,)
    codings: tuple[bytes, ...] = ()
    extras: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = BODY

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def is_chunked(self) -> bool:
        return [each.lower() for each in self.codings] == [b"chunked"]

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        named = {
            b"host": self.hosts,
            b"content-type": self.types,
            b"content-encoding": self.encodings,
            b"x-timestamp": self.timestamps,
            b"x-client-key": self.client_keys,
            b"x-signature": self.signatures,
            b"transfer-encoding": self.codings,
            b"content-length": () if self.is_chunked else (str(len(self.body)).encode(),),
        }
        return [(name, value) for name, values in named.items() for value in values] + list(self.extras)

    @property
    def header_bytes(self) -> int:
        return sum(len(name) + len(value) for name, value in self.headers)

    @property
    def scope(self) -> Scope:
        """As an ASGI server hands it over."""
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": self.method,
            "root_path": "",
            "path": unquote(self.path),
            "raw_path": self.path.encode(),
            "query_string": self.query.encode(),
            "headers": self.headers,
            "client": ("127.0.0.1", 1),
            "server": ("merchant.example", 80),
        }


@dataclass(frozen=True)
class Outcome:
    """What a server made of a request: the verdict, and the header values that reached its handler."""

    verdict: str
    values: tuple[str, ...] = ()


@dataclass
class Server:
    """An ASGI application, and what has reached its handler."""

    app: ASGIApp
    _reached: list[Outcome] = field(default_factory=list)
    _known: dict[Request, Outcome] = field(default_factory=dict, repr=False)

    async def ask(self, sent: Request) -> Outcome:
        """Send a request, unless it is known what becomes of it."""
        if sent not in self._known:
            self._known[sent] = await self._ask(sent)
        return self._known[sent]

    async def _ask(self, sent: Request) -> Outcome:
        statuses: list[int] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": sent.body}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        self._reached.clear()
        # Starlette raises an unexpected exception again once it is answered.
        with suppress(Exception):
            await self.app(sent.scope, receive, send)
        (status,) = statuses
        if not self._reached:
            return Outcome(str(status))
        (outcome,) = self._reached
        assert status == 200
        return outcome

    def record(self, verdict: str, *values: str) -> dict[str, object]:
        self._reached.append(Outcome(verdict, values))
        return {"responseCode": "2007300"}


class Bound(Server):
    """The product. Its function gets the headers and no body, so which grantType was taken shows in verdicts alone."""

    def __init__(self, services: Services) -> None:
        api = replace(public_api(BASE_PATH), functions={"issueAccessToken": self.issue})
        super().__init__(application(api, lambda: services))

    async def issue(self, _services: Services, **values: str) -> dict[str, object]:
        return self.record(HANDLER, *(values[name.lower().replace("-", "_")] for name in SNAP_HEADERS))


class Stock(Server):
    """Connexion as it comes, with its default middlewares. It hands the body, and no header."""

    def __init__(self) -> None:
        app = AsyncApp(__name__)
        app.add_api(copy.deepcopy(RAW), base_path=BASE_PATH, resolver=Resolver(lambda _operation_id: self.issue))
        super().__init__(app)

    async def issue(self, body: object) -> dict[str, object]:
        headers = [request.headers[name] for name in SNAP_HEADERS]
        return self.record(HANDLER if isinstance(body, dict) else UNREAD, *headers)
