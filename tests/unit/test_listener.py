"""Accepting connections."""

import errno
import io
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from handlers.server import logs
from handlers.server.listener import Server

REQUEST = b"GET / HTTP/1.1\r\nHost: merchant.example\r\nConnection: close\r\n\r\n"


async def _app(scope: Scope, _receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@contextmanager
def _serving(most_connections: int, told: threading.Event | None = None) -> Iterator[tuple[str, int]]:
    """Until the block ends; or until somebody is told."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(_app, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    server = Server(config, most_connections)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    if told:
        threading.Thread(target=_end_when, args=(told, server)).start()
    try:
        yield listener.getsockname()
    finally:
        if told:
            told.set()
        server.should_exit = True
        thread.join()


def _end_when(told: threading.Event, server: Server) -> None:
    told.wait()
    server.should_exit = True


def test_a_connection_too_many_waits_for_room() -> None:
    """At the limit the next connection is neither refused nor answered; when one has gone it is served."""
    with _serving(most_connections=2) as address:
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
    with _serving(most_connections=1) as address:
        for _ in range(20):
            with socket.create_connection(address, timeout=5) as connection:
                connection.sendall(REQUEST)
                assert connection.recv(64).startswith(b"HTTP/1.1 204")


@pytest.mark.parametrize(("number", "told"), [(errno.EMFILE, 1), (errno.ECONNABORTED, 0)], ids=errno.errorcode.get)
def test_what_hinders_accepting_passes(monkeypatch: pytest.MonkeyPatch, number: int, told: int) -> None:
    """Whatever fails at accepting, the next connection is served; only exhaustion is told, and waited out."""
    real = Server._accept_one  # noqa: SLF001  what is hindered once, then goes on
    failures, stream = [OSError(number, "hindered")], io.StringIO()
    logs.set_up(stream)

    async def hindered(server: Server, listener: socket.socket) -> None:
        if failures:
            raise failures.pop()
        await real(server, listener)

    monkeypatch.setattr(Server, "_accept_one", hindered)
    monkeypatch.setattr("handlers.server.listener._PAUSE_SECONDS", 0)
    with _serving(most_connections=1) as address, socket.create_connection(address, timeout=5) as connection:
        connection.sendall(REQUEST)
        assert connection.recv(64).startswith(b"HTTP/1.1 204")
    assert stream.getvalue().count('"server.cannot_accept"') == told


KEPT = b"GET / HTTP/1.1\r\nHost: merchant.example\r\n\r\n"


@contextmanager
def _stopping(most_connections: int = 10) -> Iterator[tuple[tuple[str, int], threading.Event]]:
    """A server that is told to stop when the event is set."""
    told = threading.Event()
    with _serving(most_connections, told) as address:
        yield address, told


def _until_refused(address: tuple[str, int]) -> None:
    """Until the server accepts no more."""
    with suppress(ConnectionError):
        while True:
            socket.create_connection(address, timeout=5).close()


def test_a_kept_connection_has_a_last_answer() -> None:
    """A request that meets the end of the server on a connection that was idle is answered, and told to be the last."""
    with _stopping() as (address, told), socket.create_connection(address, timeout=5) as connection:
        connection.sendall(KEPT)
        assert b"connection: close" not in connection.recv(1_000)
        told.set()
        _until_refused(address)
        connection.sendall(KEPT)
        last = connection.recv(1_000)
        assert last.startswith(b"HTTP/1.1 204")
        assert b"connection: close" in last
        assert not connection.recv(1)


def test_who_was_accepted_is_answered_once() -> None:
    """A connection that has asked nothing yet when the server is told to end may still ask."""
    with _stopping() as (address, told), socket.create_connection(address, timeout=5) as connection:
        told.set()
        _until_refused(address)
        connection.sendall(KEPT)
        assert connection.recv(64).startswith(b"HTTP/1.1 204")


def test_who_waits_for_room_at_the_end_is_answered() -> None:
    """Connections that the machine has accepted and the server has not are no less answered than any other."""
    with _stopping(most_connections=1) as (address, told), ExitStack() as stack:
        connections = [stack.enter_context(socket.create_connection(address, timeout=5)) for _ in range(5)]
        for connection in connections:
            connection.sendall(KEPT)
        assert connections[0].recv(64).startswith(b"HTTP/1.1 204")
        told.set()
        for connection in connections[1:]:
            assert connection.recv(64).startswith(b"HTTP/1.1 204")
