"""The product with a planted defect: a middleware changes its answers before they are sent."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Thread
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers.server.process import sockets, uvicorn_server
from tests.listening import listening_on


@dataclass(frozen=True)
class Answer:
    """An answer of the product to a method and a path. A defect returns a changed copy."""

    method: str
    path: str
    status: int
    headers: Mapping[bytes, bytes]
    content: bytes

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.content or b"{}")
        return body

    def with_status(self, status: int) -> "Answer":
        return replace(self, status=status)

    def with_header(self, name: bytes, value: bytes) -> "Answer":
        return replace(self, headers={**self.headers, name: value})

    def without_header(self, name: bytes) -> "Answer":
        return replace(self, headers={each: value for each, value in self.headers.items() if each != name})

    def with_body(self, body: Mapping[str, object]) -> "Answer":
        return replace(self, content=json.dumps(body).encode())

    async def send(self, send: Send) -> None:
        headers = {**self.headers, b"content-length": str(len(self.content)).encode()}
        await send({"type": "http.response.start", "status": self.status, "headers": list(headers.items())})
        await send({"type": "http.response.body", "body": self.content})


Defect = Callable[[Answer], Awaitable[Answer]]


async def none(answer: Answer) -> Answer:
    """No defect."""
    return answer


@dataclass
class DefectiveServer:
    """An ASGI application that passes the product's answers through the current defect."""

    app: ASGIApp
    defect: Defect = none

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        await self.app(scope, receive, collect)
        first, *rest = messages
        content = b"".join(each["body"] for each in rest)
        headers = dict(first["headers"])
        answer = await self.defect(Answer(scope["method"], scope["path"], first["status"], headers, content))
        await answer.send(send)


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Serve on a free port until the block ends. Gives the origin."""
    listener = listening_on("127.0.0.1", 0)
    server = uvicorn_server.make_server(app)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield sockets.origin("127.0.0.1", listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()
