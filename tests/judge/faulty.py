"""This project's server with one planted fault, which the judge must find."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.merchant import NOON
from tests.nicepay import Nicepay, jakarta


@dataclass(frozen=True)
class Request:
    """A request as the server reads it. Header names are in lower case."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)

    def count(self, name: str) -> int:
        return [each for each, _ in self.headers].count(name)

    @property
    def json(self) -> Any:  # noqa: ANN401  any JSON, or Ellipsis if the body is not JSON
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return ...


@dataclass(frozen=True)
class Answer:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def member(self, **changed: object) -> "Answer":
        return replace(self, body=json.dumps({**self.members, **changed}).encode())

    @property
    def members(self) -> dict[str, Any]:
        members: dict[str, Any] = json.loads(self.body)
        return members

    def header(self, name: str, value: str) -> "Answer":
        return replace(self, headers={**self.headers, name: value})

    def without(self, name: str) -> "Answer":
        return replace(self, headers={each: value for each, value in self.headers.items() if each != name})


Server = Callable[[Request], Awaitable[Answer]]
Condition = Callable[[Request], bool]
Fault = Callable[[Request, Server], Awaitable[Answer]]


async def none(request: Request, server: Server) -> Answer:
    """No fault."""
    return await server(request)


def refusal(code: str, message: str) -> Answer:
    body = json.dumps({"responseCode": code, "responseMessage": message}).encode()
    return Answer(int(code[:3]), {"content-type": "application/json"}, body)


def refuses(when: Condition, code: str = "4007300", message: str = "Bad Request") -> Fault:
    """A fault that refuses requests which should be served, or refuses them with another code."""

    async def fault(request: Request, server: Server) -> Answer:
        return refusal(code, message) if when(request) else await server(request)

    return fault


def fails(when: Condition) -> Fault:
    """A fault that answers with a server error."""
    return refuses(when, "5007300", "General Error")


def accepts(when: Condition, nicepay: Nicepay) -> Fault:
    """A fault that serves requests which should be refused, as if they were genuine."""
    headers = tuple((name.lower(), value) for name, value in nicepay.headers(jakarta(NOON)).items())
    genuine = Request("POST", "/api/v1.0/access-token/b2b", (*headers, ("host", "merchant.example")), b"")

    async def fault(request: Request, server: Server) -> Answer:
        body = b'{"grantType":"client_credentials"}'
        return await server(replace(genuine, body=body) if when(request) else request)

    return fault


def alters(change: Callable[[Answer], Answer], when: Callable[[Request, Answer], bool]) -> Fault:
    """A fault that changes the correct answer."""

    async def fault(request: Request, server: Server) -> Answer:
        answer = await server(request)
        return change(answer) if when(request, answer) else answer

    return fault


@dataclass
class FaultyServer:
    """An ASGI middleware around the product. Each test sets its own fault."""

    app: ASGIApp
    fault: Fault = none

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        request = Request(scope["method"], scope["path"], headers, await body_of(receive))

        async def server(passed: Request) -> Answer:
            return await answer_of(self.app, scope, passed)

        answer = await self.fault(request, server)
        pairs = {**answer.headers, "content-length": str(len(answer.body))}
        encoded = [(name.encode(), value.encode()) for name, value in pairs.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
        await send({"type": "http.response.body", "body": answer.body})


async def body_of(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def answer_of(app: ASGIApp, scope: Scope, passed: Request) -> Answer:
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": passed.body}

    async def send(message: Message) -> None:
        messages.append(message)

    changed = {
        "method": passed.method,
        "path": passed.path,
        "raw_path": passed.path.encode(),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in passed.headers],
    }
    await app({**scope, **changed}, receive, send)
    first, *server = messages
    headers = {name.decode().lower(): value.decode() for name, value in first["headers"]}
    return Answer(first["status"], headers, b"".join(each.get("body", b"") for each in server))
