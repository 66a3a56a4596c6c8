"""The two servers of the differential test: the product, and stock Connexion with the same document."""

import copy
from contextlib import suppress
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from connexion import AsyncApp
from connexion import request as connexion_request
from connexion.resolver import Resolver
from starlette.types import ASGIApp, Message, Scope

from handlers.server.openapi.application import application, public_api
from handlers.services import Services
from tests.document import RAW, TOKEN_PATH
from tests.merchant import BASE_PATH
from tests.nicepay import BODY

HANDLER = "handler"
"""The verdict on an accepted request. The verdict on a refused request is its status."""

UNREAD = "handler, without an object"
"""The verdict on an accepted request whose body was not parsed."""

SNAP_HEADERS = ("X-TIMESTAMP", "X-CLIENT-KEY", "X-SIGNATURE")


@dataclass(frozen=True)
class Request:
    """The parts of a request, valid by default. A header that is sent twice has two values."""

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
        """The ASGI scope of the request."""
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
    """The result of a request: the verdict, and the header values that reached the handler."""

    verdict: str
    values: tuple[str, ...] = ()


@dataclass
class Server:
    """An ASGI application that records what reaches its handler."""

    app: ASGIApp
    _handled: list[Outcome] = field(default_factory=list)
    _outcomes: dict[Request, Outcome] = field(default_factory=dict, repr=False)

    async def ask(self, request: Request) -> Outcome:
        """Return the outcome of a request. Each different request is sent once."""
        if request not in self._outcomes:
            self._outcomes[request] = await self._ask(request)
        return self._outcomes[request]

    async def _ask(self, request: Request) -> Outcome:
        statuses: list[int] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": request.body}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        self._handled.clear()
        # Starlette raises an unexpected exception again after it has sent the answer.
        with suppress(Exception):
            await self.app(request.scope, receive, send)
        (status,) = statuses
        if not self._handled:
            return Outcome(str(status))
        (outcome,) = self._handled
        assert status == 200
        return outcome

    def record(self, verdict: str, *values: str) -> dict[str, object]:
        self._handled.append(Outcome(verdict, values))
        return {"responseCode": "2007300"}


class Product(Server):
    """The product. Its function gets headers and no body, so a wrongly accepted grantType shows only in the verdict."""

    def __init__(self, services: Services) -> None:
        api = replace(public_api(BASE_PATH), functions={"issueAccessToken": self.issue})
        super().__init__(application(api, lambda: services))

    async def issue(self, _services: Services, **values: str) -> dict[str, object]:
        return self.record(HANDLER, *(values[name.lower().replace("-", "_")] for name in SNAP_HEADERS))


class Stock(Server):
    """Stock Connexion with its default middlewares. It passes the body to the function, and no headers."""

    def __init__(self) -> None:
        app = AsyncApp(__name__)
        app.add_api(copy.deepcopy(RAW), base_path=BASE_PATH, resolver=Resolver(lambda _operation_id: self.issue))
        super().__init__(app)

    async def issue(self, body: object) -> dict[str, object]:
        headers = [connexion_request.headers[name] for name in SNAP_HEADERS]
        return self.record(HANDLER if isinstance(body, dict) else UNREAD, *headers)
