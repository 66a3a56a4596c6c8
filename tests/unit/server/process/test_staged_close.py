"""Closing a connection so that the client can read the last answer."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from handlers.server.process import staged_close
from handlers.server.process.staged_close import StagedClose

PATIENCE = 60
ANSWER = b"an answer"


class _Protocol(asyncio.Protocol):
    """A protocol that says when its connection is lost."""

    def __init__(self) -> None:
        self.lost = asyncio.Event()

    def connection_lost(self, _exc: Exception | None) -> None:
        self.lost.set()


async def _connected() -> tuple[asyncio.Transport, _Protocol, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=PATIENCE)
        accepted, _ = listener.accept()
    transport, protocol = await asyncio.get_running_loop().connect_accepted_socket(_Protocol, accepted)
    return transport, protocol, client


def _run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(main(), PATIENCE))


def test_it_closes_at_once_if_nothing_is_under_way() -> None:
    """If the client sends nothing more, both sides close."""

    async def main() -> None:
        transport, protocol, client = await _connected()
        staged = StagedClose(transport, lambda: False)
        staged.write(ANSWER)
        staged.close()
        assert staged.is_closing()
        await protocol.lost.wait()
        with client:
            assert (client.recv(100), client.recv(100)) == (ANSWER, b"")

    _run(main)


def test_a_client_that_sends_can_read_the_answer() -> None:
    """While the client sends, only the sending side closes. The rest closes when the client closes."""

    async def main() -> None:
        transport, protocol, client = await _connected()
        transport.pause_reading()
        staged = StagedClose(transport, lambda: True)
        with client:
            client.sendall(b"x" * 1_000)
            staged.write(ANSWER)
            staged.close()
            assert staged.is_closing()
            received = [await asyncio.to_thread(client.recv, 100) for _ in range(2)]
            assert received == [ANSWER, b""]
            assert not protocol.lost.is_set()
        await protocol.lost.wait()
        staged.close()

    _run(main)


def test_the_wait_for_the_client_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a time everything closes, whatever the client does."""
    monkeypatch.setattr(staged_close, "LINGER_SECONDS", 0.01)

    async def main() -> None:
        transport, protocol, client = await _connected()
        with client:
            StagedClose(transport, lambda: True).close()
            await protocol.lost.wait()

    _run(main)


def test_a_second_close_does_not_wait() -> None:
    """The second call closes everything."""

    async def main() -> None:
        transport, protocol, client = await _connected()
        staged = StagedClose(transport, lambda: True)
        with client:
            staged.close()
            staged.close()
            await protocol.lost.wait()

    _run(main)
