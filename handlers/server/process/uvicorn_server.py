"""Accepting connections: never more than there is room for; the next waits in the listener's backlog."""

import asyncio
import errno
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress

import structlog
import uvicorn
from starlette.types import ASGIApp

from handlers.server.process.http_connection import Connection

MOST_CONNECTIONS = 1_000
"""Open at once. More wait; none is refused for it."""

_PAUSE_SECONDS = 1.0
_LOOK_SECONDS = 0.1

# The client left before it was accepted, or the network reports a fault (accept(2), "Error handling").
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
        """Accept no more, give everybody a last answer, then let uvicorn finish what is under way."""
        for acceptor in self._acceptors:
            acceptor.cancel()
        await asyncio.gather(*self._acceptors, return_exceptions=True)
        accepted = [each for listener in sockets or () for each in _last_of(listener)]
        await asyncio.gather(*(self._take(each, lambda: None) for each in accepted), return_exceptions=True)
        await self._last_answers()
        await super().shutdown()

    async def _last_answers(self) -> None:
        """For the time that an idle connection is kept, answer requests that are on their way, each with the last word.

        A proxy cannot know that a connection is about to be closed: what it sends then would be lost.
        """
        self.server_state.default_headers.append((b"connection", b"close"))
        time = asyncio.get_running_loop().time
        until = time() + self.config.timeout_keep_alive
        while self.server_state.connections and not self.force_exit and time() < until:  # noqa: ASYNC110  no event
            await asyncio.sleep(_LOOK_SECONDS)

    def _end(self, _acceptor: asyncio.Task[None]) -> None:
        """End the whole server if it accepts no more."""
        self.should_exit = True

    async def _accept(self, listener: socket.socket) -> None:
        listener.setblocking(False)  # noqa: FBT003  the standard library's signature
        while True:
            await self._room.acquire()
            place = ExitStack()
            place.callback(self._room.release)
            try:
                await self._accept_one(listener, place)
            except Exception as error:  # noqa: BLE001  after any error others want to connect
                place.close()
                await self._recover(error)

    async def _accept_one(self, listener: socket.socket, place: ExitStack) -> None:
        """Closing `place` gives the place back. A second closing does nothing."""
        await _readable(listener)
        accepted, _ = listener.accept()
        # Even if this task is cancelled now, a client that was accepted is served.
        await asyncio.shield(asyncio.ensure_future(self._take(accepted, place.close)))

    async def _take(self, accepted: socket.socket, closed: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(lambda: Connection(self, closed), accepted)
        except BaseException:
            accepted.close()
            raise

    async def _recover(self, error: Exception) -> None:
        """Log the cause, and wait a little: a loop without a pause would only spin."""
        if isinstance(error, OSError):
            if error.errno in _OF_THE_CLIENT:
                return
            _log.warning("server.cannot_accept", cause=error.strerror)
        else:
            _log.error("server.cannot_accept", cause=repr(error), exc_info=error)
        await asyncio.sleep(_PAUSE_SECONDS)


async def _readable(listener: socket.socket) -> None:
    """Wait until somebody connects. To be cancelled costs nobody a connection, as it might in `loop.sock_accept`."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(listener, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(listener)


def _last_of(listener: socket.socket) -> list[socket.socket]:
    """The connections that the machine has accepted for us, in one breath with the closing: it accepts no more then."""
    accepted = []
    listener.setblocking(False)  # noqa: FBT003  the standard library's signature
    with suppress(OSError), listener:
        while True:
            accepted.append(listener.accept()[0])
    return accepted


_IDLE_SECONDS = 5


# Seconds after the last answers of `listener.py`, which take up to `_IDLE_SECONDS`. The sum is longer than a body may
# take to come, so that what is under way gets its answer, and shorter than `last_resort.LONGEST_END_SECONDS`.
_LONGEST_ANSWER = 7


def make_server(app: ASGIApp) -> Server:
    """An HTTP server that finishes what is under way when it is told to end."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_LONGEST_ANSWER,
    )
    return Server(config)
