"""The merchant's own server with one fault planted in front of it, for the judge to find."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.merchant import NOON
from tests.nicepay import Nicepay, jakarta


@dataclass(frozen=True)
class Seen:
    """A request as the server sees it; names of headers in lower case."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)

    def count(self, name: str) -> int:
        return [each for each, _ in self.headers].count(name)

    @property
    def json(self) -> Any:  # noqa: ANN401  any JSON, Ellipsis for none
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return ...


@dataclass(frozen=True)
class Said:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def member(self, **changed: object) -> "Said":
        return replace(self, body=json.dumps({**self.members, **changed}).encode())

    @property
    def members(self) -> dict[str, Any]:
        members: dict[str, Any] = json.loads(self.body)
        return members

    def header(self, name: str, value: str) -> "Said":
        return replace(self, headers={**self.headers, name: value})

    def without(self, name: str) -> "Said":
        return replace(self, headers={each: value for each, value in self.headers.items() if each != name})


Rest = Callable[[Seen], Awaitable[Said]]
When = Callable[[Seen], bool]
Fault = Callable[[Seen, Rest], Awaitable[Said]]


async def none(seen: Seen, rest: Rest) -> Said:
    """No fault."""
    return await rest(seen)


def refusal(code: str, message: str) -> Said:
    body = json.dumps({"responseCode": code, "responseMessage": message}).encode()
    return Said(int(code[:3]), {"content-type": "application/json"}, body)


def refuses(when: When, code: str = "4007300", message: str = "Bad Request") -> Fault:
    """Refuses what it should serve, or refuses it with another code."""

    async def fault(seen: Seen, rest: Rest) -> Said:
        return refusal(code, message) if when(seen) else await rest(seen)

    return fault


def fails(when: When) -> Fault:
    """Ends in a failure of the server."""
    return refuses(when, "5007300", "General Error")


def accepts(when: When, nicepay: Nicepay) -> Fault:
    """Serves what it should refuse, as if it had been genuine."""
    headers = tuple((name.lower(), value) for name, value in nicepay.headers(jakarta(NOON)).items())
    genuine = Seen("POST", "/api/v1.0/access-token/b2b", (*headers, ("host", "merchant.example")), b"")

    async def fault(seen: Seen, rest: Rest) -> Said:
        body = b'{"grantType":"client_credentials"}'
        return await rest(replace(genuine, body=body) if when(seen) else seen)

    return fault


def alters(change: Callable[[Said], Said], when: Callable[[Seen, Said], bool]) -> Fault:
    """Says the right thing in a wrong form."""

    async def fault(seen: Seen, rest: Rest) -> Said:
        said = await rest(seen)
        return change(said) if when(seen, said) else said

    return fault


@dataclass
class Faulty:
    """An ASGI layer around the product; the fault is changed from test to test."""

    app: ASGIApp
    fault: Fault = none

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        seen = Seen(scope["method"], scope["path"], headers, await _body(receive))

        async def rest(passed: Seen) -> Said:
            return await _answer(self.app, scope, passed)

        said = await self.fault(seen, rest)
        pairs = {**said.headers, "content-length": str(len(said.body))}
        encoded = [(name.encode(), value.encode()) for name, value in pairs.items()]
        await send({"type": "http.response.start", "status": said.status, "headers": encoded})
        await send({"type": "http.response.body", "body": said.body})


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _answer(app: ASGIApp, scope: Scope, passed: Seen) -> Said:
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
    first, *rest = messages
    headers = {name.decode().lower(): value.decode() for name, value in first["headers"]}
    return Said(first["status"], headers, b"".join(each.get("body", b"") for each in rest))
