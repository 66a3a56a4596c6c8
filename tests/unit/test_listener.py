"""Accepting connections."""

import asyncio
import errno
import io
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from handlers.server import logs
from handlers.server.connection import Connection
from handlers.server.listener import Server
from tests.listening import listening

REQUEST = b"GET / HTTP/1.1\r\nHost: merchant.example\r\nConnection: close\r\n\r\n"


async def _app(scope: Scope, _receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def test_a_connection_too_many_waits_for_room() -> None:
    """At the limit the next connection is neither refused nor answered; when one has gone it is served."""
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


def test_room_is_given_back_by_every_connection() -> None:
    """Many connections in turn pass through little room."""
    with listening(_app, most_connections=1) as address:
        for _ in range(20):
            with socket.create_connection(address, timeout=5) as connection:
                connection.sendall(REQUEST)
                assert connection.recv(64).startswith(b"HTTP/1.1 204")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is logged, by servers that do not pause."""
    stream = io.StringIO()
    logs.set_up(stream)
    monkeypatch.setattr("handlers.server.listener._PAUSE_SECONDS", 0)
    return stream


def _once(error: BaseException, real: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """What fails once, and does then what it should."""
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
        (RuntimeError("odd"), "RuntimeError('odd')"),
        (MemoryError(), "MemoryError()"),
    ],
    ids=["EMFILE", "EBADF", "ECONNABORTED", "RuntimeError", "MemoryError"],
)
def test_what_hinders_accepting_passes(
    monkeypatch: pytest.MonkeyPatch, log: io.StringIO, error: Exception, cause: str | None
) -> None:
    """Whatever fails at accepting is told, unless it is of the client's making, and the next connection is served."""
    monkeypatch.setattr(Server, "_accept_one", _once(error, Server._accept_one))  # noqa: SLF001  hindered once
    with listening(_app, most_connections=1) as address, socket.create_connection(address, timeout=5) as connection:
        connection.sendall(REQUEST)
        assert connection.recv(64).startswith(b"HTTP/1.1 204")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [(line["event"], line["cause"]) for line in lines] == ([("server.cannot_accept", cause)] if cause else [])


def test_a_connection_that_fails_at_its_start_is_closed(monkeypatch: pytest.MonkeyPatch, log: io.StringIO) -> None:
    """Where an accepted connection cannot be served, its client is not left waiting, and its room is given back."""
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


def test_a_server_that_accepts_no_more_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """An acceptor that ends, for whatever reason, ends its server, so that no client is left waiting."""
    monkeypatch.setattr(Server, "_accept_one", _once(asyncio.CancelledError(), Server._accept_one))  # noqa: SLF001  so
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(uvicorn.Config(_app, lifespan="off", log_config=None))
        server.run(sockets=[listener])
    assert server.should_exit
