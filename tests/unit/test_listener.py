"""Accepting connections."""

import errno
import io
import socket

import pytest
from starlette.types import Receive, Scope, Send

from handlers.server import logs
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
    with listening(_app, most_connections=1) as address, socket.create_connection(address, timeout=5) as connection:
        connection.sendall(REQUEST)
        assert connection.recv(64).startswith(b"HTTP/1.1 204")
    assert stream.getvalue().count('"server.cannot_accept"') == told
