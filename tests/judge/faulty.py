"""This project's server behind a layer with one fault, which the judge must find."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.merchant import NOON
from tests.nicepay import Nicepay, jakarta


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as the server receives it. Header names are in lowercase."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)

    def count(self, name: str) -> int:
        return [each for each, _ in self.headers].count(name)

    @property
    def json(self) -> Any:  # noqa: ANN401  any JSON value, or Ellipsis if the body is not JSON
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return ...


@dataclass(frozen=True)
class SentAnswer:
    """An answer as the server sends it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def member(self, **changed: object) -> "SentAnswer":
        return replace(self, body=json.dumps({**self.members, **changed}).encode())

    @property
    def members(self) -> dict[str, Any]:
        members: dict[str, Any] = json.loads(self.body)
        return members

    def header(self, name: str, value: str) -> "SentAnswer":
        return replace(self, headers={**self.headers, name: value})

    def without(self, name: str) -> "SentAnswer":
        return replace(self, headers={each: value for each, value in self.headers.items() if each != name})


Forward = Callable[[ReceivedRequest], Awaitable[SentAnswer]]
Predicate = Callable[[ReceivedRequest], bool]
Fault = Callable[[ReceivedRequest, Forward], Awaitable[SentAnswer]]


async def none(request: ReceivedRequest, forward: Forward) -> SentAnswer:
    """Plant no fault."""
    return await forward(request)


def refusal(code: str, message: str) -> SentAnswer:
    body = json.dumps({"responseCode": code, "responseMessage": message}).encode()
    return SentAnswer(int(code[:3]), {"content-type": "application/json"}, body)


def refuses(when: Predicate, code: str = "4007300", message: str = "Bad Request") -> Fault:
    """Refuse a request that the server should serve, or refuse it with another code."""

    async def fault(request: ReceivedRequest, forward: Forward) -> SentAnswer:
        return refusal(code, message) if when(request) else await forward(request)

    return fault


def fails(when: Predicate) -> Fault:
    """Answer with a failure of the server."""
    return refuses(when, "5007300", "General Error")


def accepts(when: Predicate, nicepay: Nicepay) -> Fault:
    """Serve a request that the server should refuse, as if it were genuine."""
    headers = tuple((name.lower(), value) for name, value in nicepay.headers(jakarta(NOON)).items())
    genuine = ReceivedRequest("POST", "/api/v1.0/access-token/b2b", (*headers, ("host", "merchant.example")), b"")

    async def fault(request: ReceivedRequest, forward: Forward) -> SentAnswer:
        body = b'{"grantType":"client_credentials"}'
        return await forward(replace(genuine, body=body) if when(request) else request)

    return fault


def alters(change: Callable[[SentAnswer], SentAnswer], when: Callable[[ReceivedRequest, SentAnswer], bool]) -> Fault:
    """Change the right answer."""

    async def fault(request: ReceivedRequest, forward: Forward) -> SentAnswer:
        answer = await forward(request)
        return change(answer) if when(request, answer) else answer

    return fault


@dataclass
class Faulty:
    """An ASGI layer around this project's server. Each test sets its own fault."""

    app: ASGIApp
    fault: Fault = none

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        request = ReceivedRequest(scope["method"], scope["path"], headers, await _body(receive))

        async def forward(request: ReceivedRequest) -> SentAnswer:
            return await _answer(self.app, scope, request)

        answer = await self.fault(request, forward)
        pairs = {**answer.headers, "content-length": str(len(answer.body))}
        encoded = [(name.encode(), value.encode()) for name, value in pairs.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
        await send({"type": "http.response.body", "body": answer.body})


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _answer(app: ASGIApp, scope: Scope, request: ReceivedRequest) -> SentAnswer:
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": request.body}

    async def send(message: Message) -> None:
        messages.append(message)

    changed = {
        "method": request.method,
        "path": request.path,
        "raw_path": request.path.encode(),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers],
    }
    await app({**scope, **changed}, receive, send)
    start, *body = messages
    headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return SentAnswer(start["status"], headers, b"".join(each.get("body", b"") for each in body))
