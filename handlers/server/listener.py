"""Accepting connections: never more than there is room for; the next waits in the listener's backlog."""

import asyncio
import errno
import socket
from contextlib import AbstractContextManager, nullcontext

import structlog
import uvicorn

from handlers.server.connection import Connection

MOST_CONNECTIONS = 1_000
"""Open at once. More wait; none is refused for it."""

_PAUSE_SECONDS = 1.0
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

_log = structlog.get_logger()


class Server(uvicorn.Server):
    """Uvicorn, but for the accepting, whose limit it keeps by answering 503, and for signals."""

    def __init__(self, config: uvicorn.Config, most_connections: int = MOST_CONNECTIONS) -> None:
        super().__init__(config)
        self._room = asyncio.Semaphore(most_connections)
        self._acceptors: list[asyncio.Task[None]] = []

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]  # a generator in disguise
        """None: signals are the business of whoever runs the servers of a process, of which there may be two."""
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then accept on each listener."""
        await super().startup(sockets=[])
        self._acceptors = [asyncio.create_task(self._accept(listener)) for listener in sockets or ()]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, then let uvicorn finish what is under way."""
        for acceptor in self._acceptors:
            acceptor.cancel()
        await asyncio.gather(*self._acceptors, return_exceptions=True)
        await super().shutdown(sockets)

    async def _accept(self, listener: socket.socket) -> None:
        listener.setblocking(False)  # noqa: FBT003  the standard library's signature
        while True:
            await self._room.acquire()
            try:
                await self._accept_one(listener)
            except OSError as error:
                self._room.release()
                if error.errno in _EXHAUSTED:
                    # Whoever waits, waits a little longer; going on at once would only spin.
                    _log.warning("server.cannot_accept", cause=error.strerror)
                    await asyncio.sleep(_PAUSE_SECONDS)

    async def _accept_one(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        accepted, _ = await loop.sock_accept(listener)
        await loop.connect_accepted_socket(lambda: Connection(self, self._room.release), accepted)
