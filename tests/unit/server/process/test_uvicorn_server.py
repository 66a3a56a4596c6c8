"""Accepting connections."""

import asyncio
import errno
import io
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from handlers.server.observability import configure
from handlers.server.process.http_connection import Connection
from handlers.server.process.uvicorn_server import Server
from tests.listening import listening

REQUEST = b"GET / HTTP/1.1\r\nHost: merchant.example\r\nConnection: close\r\n\r\n"


async def _app(scope: Scope, _receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def test_a_connection_beyond_the_limit_waits() -> None:
    """At the limit, the next connection waits. It is served when another connection ends."""
    with listening(_app, most_connections=2) as address:
        first, second, third = (socket.create_connection(address, timeout=5) for _ in range(3))
        with first, second, third:
            third.sendall(REQUEST)
            third.settimeout(0.3)
            with pytest.raises(TimeoutError):
                third.recv(1)
            third.settimeout(5)
            first.close()
            assert third.recv(64).startswith(b"HTTP/1.1 204")


def test_every_connection_frees_its_slot() -> None:
    """Many consecutive connections need only a few slots."""
    with listening(_app, most_connections=1) as address:
        for _ in range(20):
            with socket.create_connection(address, timeout=5) as connection:
                connection.sendall(REQUEST)
                assert connection.recv(64).startswith(b"HTTP/1.1 204")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """The log of servers that do not pause after an error."""
    stream = io.StringIO()
    configure.set_up(stream)
    monkeypatch.setattr("handlers.server.process.uvicorn_server._PAUSE_SECONDS", 0)
    return stream


def _once(error: BaseException, real: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """A function that fails once, and then works."""
    failures = [error]

    async def hindered(*arguments: object) -> object:
        if failures:
            raise failures.pop()
        return await real(*arguments)

    return hindered


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files"),
        (OSError(errno.EBADF, "Bad file descriptor"), "Bad file descriptor"),
        (OSError(errno.ECONNABORTED, "gone"), None),
        (BlockingIOError(errno.EAGAIN, "another worker was faster"), None),
        (RuntimeError("odd"), "RuntimeError('odd')"),
        (MemoryError(), "MemoryError()"),
    ],
    ids=["EMFILE", "EBADF", "ECONNABORTED", "EAGAIN", "RuntimeError", "MemoryError"],
)
def test_accepting_continues_after_an_error(
    monkeypatch: pytest.MonkeyPatch, log: io.StringIO, error: Exception, cause: str | None
) -> None:
    """Every error is logged, unless the client caused it, and the next connection is served."""
    monkeypatch.setattr(Server, "_accept_one", _once(error, Server._accept_one))  # noqa: SLF001  hindered once
    with listening(_app, most_connections=1) as address, socket.create_connection(address, timeout=5) as connection:
        connection.sendall(REQUEST)
        assert connection.recv(64).startswith(b"HTTP/1.1 204")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [(line["event"], line["cause"]) for line in lines] == ([("server.cannot_accept", cause)] if cause else [])


def test_a_connection_that_fails_at_its_start_is_closed(monkeypatch: pytest.MonkeyPatch, log: io.StringIO) -> None:
    """If an accepted connection cannot be served, it is closed and its slot is freed."""
    real, failures = Connection.__init__, [RuntimeError("odd")]

    def hindered(self: Connection, server: uvicorn.Server, closed: Callable[[], None]) -> None:
        if failures:
            raise failures.pop()
        real(self, server, closed)

    monkeypatch.setattr(Connection, "__init__", hindered)
    with listening(_app, most_connections=1) as address:
        with socket.create_connection(address, timeout=5) as first:
            assert first.recv(64) == b""
        for _ in range(2):
            with socket.create_connection(address, timeout=5) as connection:
                connection.sendall(REQUEST)
                assert connection.recv(64).startswith(b"HTTP/1.1 204")
    assert log.getvalue().count("Traceback") == log.getvalue().count("server.cannot_accept") == 1


def test_a_server_whose_acceptor_ends_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """If an acceptor ends for any reason, its server ends, so that no client waits without an answer."""
    monkeypatch.setattr(Server, "_accept_one", _once(asyncio.CancelledError(), Server._accept_one))  # noqa: SLF001  so
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(uvicorn.Config(_app, lifespan="off", log_config=None))
        server.run(sockets=[listener])
    assert server.should_exit


KEPT = b"GET / HTTP/1.1\r\nHost: merchant.example\r\n\r\n"


@contextmanager
def _stopping(most_connections: int = 10) -> Iterator[tuple[tuple[str, int], threading.Event]]:
    """A server that stops when the event is set."""
    reported = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        server = Server(uvicorn.Config(_app, lifespan="off", log_config=None), most_connections)
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        ending = threading.Thread(target=_end_when, args=(reported, server))
        serving.start()
        ending.start()
        try:
            yield address, reported
        finally:
            reported.set()
            serving.join()
            ending.join()


def _end_when(reported: threading.Event, server: Server) -> None:
    reported.wait()
    server.should_exit = True


def _until_refused(address: tuple[str, int]) -> None:
    """Wait until the server accepts no more connections."""
    with suppress(ConnectionError):
        while True:
            socket.create_connection(address, timeout=5).close()


def test_a_kept_connection_has_a_last_answer() -> None:
    """A request on an idle connection during shutdown is answered with `Connection: close`."""
    with _stopping() as (address, reported), socket.create_connection(address, timeout=5) as connection:
        connection.sendall(KEPT)
        assert b"connection: close" not in connection.recv(1_000)
        reported.set()
        _until_refused(address)
        connection.sendall(KEPT)
        last = connection.recv(1_000)
        assert last.startswith(b"HTTP/1.1 204")
        assert b"connection: close" in last
        assert not connection.recv(1)


def test_an_accepted_connection_is_answered_at_shutdown() -> None:
    """A connection that sent no request before the shutdown can still send one."""
    with _stopping() as (address, reported), socket.create_connection(address, timeout=5) as connection:
        reported.set()
        _until_refused(address)
        connection.sendall(KEPT)
        assert connection.recv(64).startswith(b"HTTP/1.1 204")


def test_waiting_connections_are_answered_at_shutdown() -> None:
    """Connections in the backlog are answered at shutdown like any other."""
    with _stopping(most_connections=1) as (address, reported), ExitStack() as stack:
        connections = [stack.enter_context(socket.create_connection(address, timeout=5)) for _ in range(5)]
        for connection in connections:
            connection.sendall(KEPT)
        assert connections[0].recv(64).startswith(b"HTTP/1.1 204")
        reported.set()
        for connection in connections[1:]:
            assert connection.recv(64).startswith(b"HTTP/1.1 204")
