"""TLS handshakes. None of them makes another client wait, and each has a time limit."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import structlog

from handlers.server.observability.rate_limit import RateLimit
from handlers.server.process.staged_close import LINGER_SECONDS

HANDSHAKE_SECONDS = 5.0
"""Time limit for a handshake, from the start of the connection."""

MOST_LINES_A_SECOND = 10
"""Maximum number of log lines about failed handshakes."""

CurrentContext = Callable[[], ssl.SSLContext]
"""The context for the next handshake. A reload can change it."""

_log = structlog.get_logger()


class Handshakes:
    """The handshakes that are running on one listener."""

    def __init__(self, context: CurrentContext) -> None:
        self._context = context
        self._running: set[asyncio.Task[None]] = set()
        self._lines = RateLimit(MOST_LINES_A_SECOND)

    @property
    def running(self) -> int:
        """The number of connections whose handshake has not ended."""
        return len(self._running)

    def begin(
        self, make_connection: Callable[[], asyncio.Protocol], accepted: socket.socket, failed: Callable[[], None]
    ) -> None:
        """Begin a handshake on an accepted connection, and serve it afterwards. `failed` is called if it fails."""
        handshake = asyncio.get_running_loop().create_task(self._run(make_connection, accepted))
        self._running.add(handshake)
        handshake.add_done_callback(partial(self._ended, failed, _address(accepted)))

    def cancel(self) -> None:
        """End all handshakes that are still running."""
        for handshake in self._running:
            handshake.cancel()

    async def _run(self, make_connection: Callable[[], asyncio.Protocol], accepted: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                make_connection,
                accepted,
                ssl=self._context(),
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=LINGER_SECONDS,
            )
        except BaseException:
            accepted.close()
            raise

    def _ended(self, failed: Callable[[], None], remote: str | None, handshake: asyncio.Task[None]) -> None:
        self._running.discard(handshake)
        error = None if handshake.cancelled() else handshake.exception()
        if handshake.cancelled() or error:
            failed()
        if error and not isinstance(error, OSError):
            _log.error("server.cannot_accept", cause=repr(error), exc_info=error)
        elif error and (cause := _cause(error)) and self._lines.allows(datetime.now(UTC)):
            _log.warning("tls.handshake_failed", cause=cause, remote=remote)


def _cause(error: BaseException) -> str | None:
    """Why a handshake failed: the reason that OpenSSL names, or `timeout`. None if the client just left."""
    if isinstance(error, ssl.SSLError):
        return error.reason or "unknown"
    return "timeout" if isinstance(error, ConnectionAbortedError) else None


def _address(accepted: socket.socket) -> str | None:
    """The address of the client. None if it has left already."""
    try:
        return str(accepted.getpeername()[0])
    except OSError:
        return None
