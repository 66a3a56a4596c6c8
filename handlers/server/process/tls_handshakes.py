"""TLS handshakes. None of them makes another client wait, and each has a time limit."""

import asyncio
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Literal, get_args

import structlog

from handlers.config.tls_context import HandshakeError
from handlers.server.observability.metrics.definitions import TLS_HANDSHAKE_FAILURES
from handlers.server.observability.rate_limit import RateLimit
from handlers.server.process.staged_close import LINGER_SECONDS

HANDSHAKE_SECONDS = 5.0
"""Time limit for a handshake, from the start of the connection."""

MOST_LINES_A_SECOND = 10
"""Maximum number of log lines about failed handshakes."""

HandshakeCause = Literal["old_version", "nothing_shared", "plain_http", "certificate_refused", "timeout", "other"]
"""Why a handshake failed, for the metric. OpenSSL has hundreds of reasons: most of them are `other`."""

_HTTPS_ONLY = b"This port speaks HTTPS only.\n"
_PLAIN_HTTP_ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(_HTTPS_ONLY), _HTTPS_ONLY)
)

_REFUSED = re.compile(r".+_ALERT_(.*CERTIFICATE.*|UNKNOWN_CA)")
"""The alerts of a client about our certificate (RFC 8446, section 6.2)."""

_TIMEOUT, _PLAIN_HTTP = "timeout", "HTTP_REQUEST"
_KINDS: Mapping[str, HandshakeCause] = {
    "UNSUPPORTED_PROTOCOL": "old_version",
    _PLAIN_HTTP: "plain_http",
    "HTTPS_PROXY_REQUEST": "plain_http",
    _TIMEOUT: "timeout",
}

CurrentContext = Callable[[], ssl.SSLContext]
"""The context for the next handshake. A reload can change it."""

_log = structlog.get_logger()


class Handshakes:
    """The handshakes that are running on one listener."""

    def __init__(self, context: CurrentContext, listener: str) -> None:
        """`listener` is the name of its table in the settings, for the metrics."""
        self._context = context
        self._failures = {cause: TLS_HANDSHAKE_FAILURES(listener, cause) for cause in get_args(HandshakeCause)}
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
            with _telling(accepted):
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
        elif error and (cause := _cause(error)):
            self._failures[kind_of(cause)].inc()
            if self._lines.allows(datetime.now(UTC)):
                _log.warning("tls.handshake_failed", cause=cause, remote=remote)


def _cause(error: BaseException) -> str | None:
    """Why a handshake failed: the reason that OpenSSL names, or `timeout`. None if the client just left."""
    if isinstance(error, HandshakeError):
        return error.reason
    return _TIMEOUT if isinstance(error, ConnectionAbortedError) else None


def kind_of(cause: str) -> HandshakeCause:
    """The label of the metric for a reason of OpenSSL."""
    if cause.startswith(("NO_SHARED_", "NO_SUITABLE_")):
        return "nothing_shared"
    if _REFUSED.fullmatch(cause):
        return "certificate_refused"
    return _KINDS.get(cause, "other")


@contextmanager
def _telling(accepted: socket.socket) -> Iterator[None]:
    """Tell the client if OpenSSL ends its handshake in the block. Without a free file descriptor, it is not told.

    The event loop closes the connection when a handshake fails. So a copy of the descriptor keeps it open.
    """
    try:
        copy = accepted.dup()
    except OSError:
        yield
    else:
        with copy:
            try:
                yield
            except HandshakeError as error:
                with suppress(OSError):
                    copy.send(_PLAIN_HTTP_ANSWER if error.reason == _PLAIN_HTTP else error.alert, socket.MSG_DONTWAIT)
                raise


def _address(accepted: socket.socket) -> str | None:
    """The address of the client. None if it has left already."""
    try:
        return str(accepted.getpeername()[0])
    except OSError:
        return None
