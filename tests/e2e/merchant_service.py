"""What stands behind a proxy in a test: a service that keeps what reaches it, and answers what the test says."""

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
"""A JSON object of no meaning: what NICEPAY's inquiry and payment hold is none of this project's business."""
PATIENCE = 30
"""Seconds that a test waits for a call to arrive."""


@dataclass(frozen=True)
class Call:
    """A request as it arrived, and the port that it came from."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    port: int

    def values(self, name: str) -> list[str]:
        """Every copy of that header."""
        return [value for each, value in self.headers if each == name.lower()]


@dataclass(frozen=True)
class Answer:
    """What a service answers."""

    content: bytes = b'{"arbitrary":"answer made up for this test"}'
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Service:
    """A running service: its port, what reached it, and what it answers from now on."""

    port: int
    answer: Answer = field(default_factory=Answer)
    calls: Queue[Call] = field(default_factory=Queue)

    def took(self) -> Call:
        """The one call that reached it since the last time."""
        call = self.calls.get(timeout=PATIENCE)
        assert self.calls.empty()
        return call

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        headers = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]]
        with suppress(ClientDisconnect):  # What does not arrive whole is no call.
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
