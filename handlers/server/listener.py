"""Accepting connections: never more than there is room for; the next waits in the listener's backlog."""

import asyncio
import errno
import socket
from contextlib import AbstractContextManager, ExitStack, nullcontext

import structlog
import uvicorn

from handlers.server.connection import Connection

MOST_CONNECTIONS = 1_000
"""Open at once. More wait; none is refused for it."""

_PAUSE_SECONDS = 1.0

# Clients that have left before they were accepted, and what the network reports of them (accept(2), "Error handling").
_OF_THE_CLIENT = frozenset(
    {
        errno.ECONNABORTED,
        errno.ECONNRESET,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.ENOTCONN,
        errno.EPERM,
        errno.EPROTO,
    }
)

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
        for acceptor in self._acceptors:
            acceptor.add_done_callback(self._end)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, then let uvicorn finish what is under way."""
        for acceptor in self._acceptors:
            acceptor.cancel()
        await asyncio.gather(*self._acceptors, return_exceptions=True)
        await super().shutdown(sockets)

    def _end(self, _acceptor: asyncio.Task[None]) -> None:
        """A server that accepts no more must not go on as if it did."""
        self.should_exit = True

    async def _accept(self, listener: socket.socket) -> None:
        listener.setblocking(False)  # noqa: FBT003  the standard library's signature
        while True:
            await self._room.acquire()
            place = ExitStack()
            place.callback(self._room.release)
            try:
                await self._accept_one(listener, place)
            except Exception as error:  # noqa: BLE001  whatever it is, others want to connect
                place.close()
                await self._recover(error)

    async def _accept_one(self, listener: socket.socket, place: ExitStack) -> None:
        """The place is given back by closing it, which counts once, however often it is done."""
        loop = asyncio.get_running_loop()
        accepted, _ = await loop.sock_accept(listener)
        try:
            await loop.connect_accepted_socket(lambda: Connection(self, place.close), accepted)
        except BaseException:
            accepted.close()
            raise

    async def _recover(self, error: Exception) -> None:
        """Tell what hinders, and wait a little: going on at once would only spin."""
        if isinstance(error, OSError):
            if error.errno in _OF_THE_CLIENT:
                return
            _log.warning("server.cannot_accept", cause=error.strerror)
        else:
            _log.error("server.cannot_accept", cause=repr(error), exc_info=error)
        await asyncio.sleep(_PAUSE_SECONDS)
