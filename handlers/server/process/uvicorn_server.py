"""Accepts connections up to a limit. Further connections wait in the backlog of the listener."""

import asyncio
import errno
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress

import structlog
import uvicorn
from starlette.types import ASGIApp

from handlers.server.process.http_connection import Connection
from handlers.server.process.tls_handshakes import CurrentContext, Handshakes

MOST_CONNECTIONS = 1_000
"""Maximum number of open connections. Further connections wait; none is refused."""

_PAUSE_SECONDS = 1.0
_POLL_SECONDS = 0.1

# Another worker was faster, the client left before its connection was accepted, or the network reports an error
# (accept(2), "Error handling").
_PASSING_ERRORS = frozenset(
    {
        errno.EAGAIN,
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
    """Uvicorn's server with another way to accept connections and without signal handlers.

    Uvicorn answers 503 to connections beyond its limit. This server lets them wait.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        most_connections: int = MOST_CONNECTIONS,
        tls: CurrentContext | None = None,
        listener: str = "server",
    ) -> None:
        """With `tls`, each connection begins with a handshake. `listener` is the name of its table in the settings."""
        super().__init__(config)
        self.is_accepting = asyncio.Event()
        self._free_slots = asyncio.Semaphore(most_connections)
        self._acceptors: list[asyncio.Task[None]] = []
        self._handshakes = Handshakes(tls, listener) if tls else None

    @property
    def open_connections(self) -> int:
        """The number of accepted connections that are still open, also of those that are still in their handshake."""
        return len(self.server_state.connections) + self._running_handshakes

    @property
    def _running_handshakes(self) -> int:
        return self._handshakes.running if self._handshakes else 0

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]  # uvicorn types it as a generator
        """Handle no signals. `lifecycle` handles them, because a process can have two servers."""
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then accept connections on each listener."""
        await super().startup(sockets=[])
        self._acceptors = [asyncio.create_task(self._accept(listener)) for listener in sockets or ()]
        for acceptor in self._acceptors:
            acceptor.add_done_callback(self._stop)
        self.is_accepting.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, answer the last requests, then let uvicorn finish the running requests."""
        for acceptor in self._acceptors:
            acceptor.cancel()
        await asyncio.gather(*self._acceptors, return_exceptions=True)
        accepted = [each for listener in sockets or () for each in _drain_backlog(listener)]
        await asyncio.gather(*(self._serve_connection(each, lambda: None) for each in accepted), return_exceptions=True)
        await self._answer_last_requests()
        if self._handshakes:
            self._handshakes.cancel()
        await super().shutdown()

    async def _answer_last_requests(self) -> None:
        """Keep connections open for the idle timeout, and add `Connection: close` to every answer.

        A proxy does not know that a connection will close. Without this step, a request that it is sending now would be
        lost.
        """
        self.server_state.default_headers.append((b"connection", b"close"))
        time = asyncio.get_running_loop().time
        end = time() + self.config.timeout_keep_alive
        while self.open_connections and not self.force_exit and time() < end:  # noqa: ASYNC110  no event
            await asyncio.sleep(_POLL_SECONDS)

    def _stop(self, _acceptor: asyncio.Task[None]) -> None:
        """Stop the whole server if one of its listeners stops accepting."""
        self.should_exit = True

    async def _accept(self, listener: socket.socket) -> None:
        listener.setblocking(False)  # noqa: FBT003  the standard library's signature
        while True:
            await self._free_slots.acquire()
            slot = ExitStack()
            slot.callback(self._free_slots.release)
            try:
                await self._accept_one(listener, slot)
            except Exception as error:  # noqa: BLE001  other clients must be able to connect after any error
                slot.close()
                await self._recover(error)

    async def _accept_one(self, listener: socket.socket, slot: ExitStack) -> None:
        """Accept one connection. Closing `slot` frees its slot. Closing it again does nothing."""
        await _readable(listener)
        accepted, _ = listener.accept()
        # Serve the accepted client even if this task is cancelled now.
        await asyncio.shield(asyncio.ensure_future(self._serve_connection(accepted, slot.close)))

    async def _serve_connection(self, accepted: socket.socket, closed: Callable[[], None]) -> None:
        """Serve a connection. With TLS, only begin the handshake, because the client decides how long it takes."""
        if self._handshakes:
            self._handshakes.begin(lambda: Connection(self, closed), accepted, closed)
            return
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(lambda: Connection(self, closed), accepted)
        except BaseException:
            accepted.close()
            raise

    async def _recover(self, error: Exception) -> None:
        """Log the cause. Then pause, because otherwise the loop would repeat the error without end."""
        if isinstance(error, OSError):
            if error.errno in _PASSING_ERRORS:
                return
            _log.warning("server.cannot_accept", cause=error.strerror)
        else:
            _log.error("server.cannot_accept", cause=repr(error), exc_info=error)
        await asyncio.sleep(_PAUSE_SECONDS)


async def _readable(listener: socket.socket) -> None:
    """Wait until a client connects. Unlike `loop.sock_accept`, a cancellation cannot lose an accepted connection."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(listener, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(listener)


def _drain_backlog(listener: socket.socket) -> list[socket.socket]:
    """Accept all connections in the backlog and close the listener, so that the kernel accepts no more."""
    accepted = []
    listener.setblocking(False)  # noqa: FBT003  the standard library's signature
    with suppress(OSError), listener:
        while True:
            accepted.append(listener.accept()[0])
    return accepted


_IDLE_SECONDS = 5

_RUNNING_REQUESTS_SECONDS = 7
"""Time limit for running requests, which starts after `_answer_last_requests`.

That step takes up to `_IDLE_SECONDS`. The sum is longer than `limits.BODY_SECONDS`, so that running requests get their
answer. It is shorter than `exit_deadline.LONGEST_END_SECONDS`.
"""


def make_server(app: ASGIApp, tls: CurrentContext | None = None, listener: str = "server") -> Server:
    """Create an HTTP server that finishes its running requests when it stops. With `tls`, it is an HTTPS server.

    `listener` is the name of its table in the settings.
    """
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
        timeout_graceful_shutdown=_RUNNING_REQUESTS_SECONDS,
    )
    return Server(config, tls=tls, listener=listener)
