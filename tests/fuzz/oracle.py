"""One request for two servers: the bound application, and a stock Connexion application of the same document."""

import asyncio
import copy
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import combinations, product
from typing import Any

import httpx
from connexion import AsyncApp, request
from connexion.resolver import Resolver
from starlette.types import ASGIApp

from handlers.server.application import application, public_api
from handlers.services import Services
from tests.document import OPERATION, RAW, TOKEN_PATH
from tests.merchant import BASE_PATH
from tests.nicepay import BODY

HANDLER = "handler"
"""The verdict on a request that is taken; on one that is refused, it is the status."""

UNREAD = "handler, without an object"
"""The verdict on a request that is taken with a body that nobody has parsed."""

BODY_SCHEMA: dict[str, Any] = OPERATION["requestBody"]["content"]["application/json"]["schema"]
(_GRANT,) = BODY_SCHEMA["properties"]["grantType"]["enum"]
_SNAP_HEADERS = ("X-TIMESTAMP", "X-CLIENT-KEY", "X-SIGNATURE")


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

    def for_httpx(self) -> httpx.Request:
        made = httpx.Request(self.method, "http://merchant.example" + self.target, content=self.body)
        # httpx adds headers of its own; a request here is to be exactly what it says.
        made.headers = httpx.Headers(self.headers)
        return made


def each_alone_and_each_pair(variants: dict[str, list[Any]]) -> Iterator[Request]:
    """The right request; it with each variant of one part; it with each two variants of two parts."""
    yield Request()
    for part, values in variants.items():
        yield from (replace(Request(), **{part: value}) for value in values)
    for (one, ones), (other, others) in combinations(variants.items(), 2):
        yield from (replace(Request(), **{one: left, other: right}) for left, right in product(ones, others))


@dataclass(frozen=True)
class Outcome:
    """What a server made of a request: the verdict, and the header values and the grantType that were taken."""

    verdict: str
    values: tuple[str, ...] = ()


@dataclass
class Server:
    """An ASGI application, and what has reached its handler."""

    app: ASGIApp
    _reached: list[Outcome] = field(default_factory=list)

    async def ask(self, sent: Request) -> Outcome:
        self._reached.clear()
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        response = await transport.handle_async_request(sent.for_httpx())
        if not self._reached:
            return Outcome(str(response.status_code))
        (outcome,) = self._reached
        assert response.status_code == 200
        return outcome

    def record(self, verdict: str, *values: str) -> dict[str, object]:
        self._reached.append(Outcome(verdict, values))
        return {"responseCode": "2007300"}


class Bound(Server):
    """The product. It hands no body to its function: whatever gets there has the document's only grantType."""

    def __init__(self, services: Services) -> None:
        api = replace(public_api(BASE_PATH), functions={"issueAccessToken": self.issue})
        super().__init__(application(api, lambda: services))

    async def issue(self, _services: Services, **values: str) -> dict[str, object]:
        ordered = [values[name.lower().replace("-", "_")] for name in _SNAP_HEADERS]
        return self.record(HANDLER, *ordered, _GRANT)


class Stock(Server):
    """Connexion as it comes, with its default middlewares. It hands the body, and no header."""

    def __init__(self) -> None:
        app = AsyncApp(__name__)
        app.add_api(copy.deepcopy(RAW), base_path=BASE_PATH, resolver=Resolver(lambda _operation_id: self.issue))
        super().__init__(app)

    async def issue(self, body: object) -> dict[str, object]:
        headers = [request.headers[name] for name in _SNAP_HEADERS]
        if isinstance(body, dict):
            return self.record(HANDLER, *headers, body["grantType"])
        return self.record(UNREAD, *headers, _GRANT)


@dataclass(frozen=True)
class Difference:
    """A request that the two servers do not take, or refuse, alike."""

    sent: Request
    stock: Outcome
    ours: Outcome


def differences(requests: Iterable[Request], stock: Server, ours: Server, runner: asyncio.Runner) -> list[Difference]:
    """Send each request to both."""

    async def ask() -> list[Difference]:
        asked = [Difference(each, await stock.ask(each), await ours.ask(each)) for each in requests]
        return [each for each in asked if each.stock != each.ours]

    return runner.run(ask())


@dataclass(frozen=True)
class Listed:
    """A difference that is known: on which requests, every verdict of stock's and of ours there, and why."""

    name: str
    when: Callable[[Request], bool]
    stock: set[str]
    ours: set[str]
    reason: str

    def explains(self, difference: Difference) -> bool:
        """Only the verdict may differ: of what both have taken, both must have taken the same."""
        stock, ours = difference.stock, difference.ours
        same = not (stock.values and ours.values) or stock.values == ours.values
        return same and stock.verdict in self.stock and ours.verdict in self.ours and self.when(difference.sent)


def typed(pattern: str) -> Callable[[Request], bool]:
    """Whether a Content-Type has a part of this form."""
    compiled = re.compile(pattern)
    return lambda sent: any(compiled.search(each.decode("latin-1")) for each in sent.types)


def is_repetitive(sent: Request) -> bool:
    """Whether a header that has one value comes twice."""
    headers = (sent.types, sent.encodings, sent.timestamps, sent.client_keys, sent.signatures)
    return any(len(values) > 1 for values in headers)


def is_large(sent: Request) -> bool:
    """Whether there are more headers, or more bytes of them, than a server has room for."""
    return len(sent.headers) > 64 or sum(len(name) + len(value) for name, value in sent.headers) > 16_384


def is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def depth(body: bytes) -> int:
    """Levels of arrays and objects, where no bracket stands in a text."""
    deepest = level = 0
    for byte in body:
        level += (byte in b"[{") - (byte in b"]}")
        deepest = max(deepest, level)
    return deepest


@cache
def oddities(body: bytes) -> frozenset[str]:
    """What Python's reader of JSON takes and a strict one does not."""
    found: set[str] = set()

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found.update({"named twice"} if len(dict(pairs)) != len(pairs) else ())
        return dict(pairs)

    try:
        value = json.loads(body, object_pairs_hook=members, parse_int=str, parse_constant=found.add)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        found.add("half a pair")
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(found)
