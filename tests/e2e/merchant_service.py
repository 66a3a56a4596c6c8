"""A service behind a proxy: it records the requests that reach it, and sends the answer that the test sets."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import Queue
from threading import Thread

import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

ARBITRARY = b'{ "arbitrary":\t["made up for this test", 1.50, "\\u00e9\xc3\xa9"] }\r\n'
"""A JSON object without a meaning, because this project does not read the bodies of inquiries and payments."""
PATIENCE = 30
"""Seconds that a test waits for a call."""


@dataclass(frozen=True)
class Call:
    """A request as it arrived, and the source port of its connection."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    port: int

    def values(self, name: str) -> list[str]:
        """The values of all copies of that header."""
        return [value for each, value in self.headers if each == name.lower()]


@dataclass(frozen=True)
class Answer:
    """The answer of a service."""

    content: bytes = b'{"arbitrary":"answer made up for this test"}'
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Service:
    """A running service: its port, the calls that reached it, and its current answer."""

    port: int
    answer: Answer = field(default_factory=Answer)
    calls: Queue[Call] = field(default_factory=Queue)

    def received(self) -> Call:
        """The one call that reached the service since the last time."""
        call = self.calls.get(timeout=PATIENCE)
        assert self.calls.empty()
        return call

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        headers = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]]
        with suppress(ClientDisconnect):  # An incomplete request is not a call.
            body = await Request(scope, receive).body()
            self.calls.put(Call(scope["method"], target.decode(), headers, body, scope["client"][1]))
            answer = self.answer
            response = Response(answer.content, answer.status, answer.headers, media_type="application/json")
            await response(scope, receive, send)


@contextmanager
def running() -> Iterator[Service]:
    """Serve on a free port until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    service = Service(listener.getsockname()[1])
    server = uvicorn.Server(uvicorn.Config(service, lifespan="off", proxy_headers=False, log_config=None))
    thread = Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield service
    finally:
        server.should_exit = True
        thread.join()
