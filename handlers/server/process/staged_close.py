"""Closes a connection so that the client can still read the last answer."""

import asyncio
from collections.abc import Callable

LINGER_SECONDS = 2.0
"""Time for a client that is still sending to read the last answer."""


class StagedClose(asyncio.Transport):
    """A transport that closes in two stages while its client is still sending (RFC 9112, section 9.6).

    If unread bytes are left at closing, TCP sends a reset, and a reset can destroy an answer that the client has not
    read yet. So the sending side closes first. The rest closes when the client closes its side, or after
    `LINGER_SECONDS`. A transport with TLS closes in this way by itself: it sends `close_notify` first.
    """

    def __init__(self, transport: asyncio.Transport, client_sends: Callable[[], bool]) -> None:
        """`client_sends` returns whether the client may still be sending."""
        super().__init__()
        self._transport = transport
        self._client_sends = client_sends
        self._timer: asyncio.TimerHandle | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send the data if the connection still accepts it."""
        self._transport.write(data)

    def is_closing(self) -> bool:
        """Whether the sending side is closed or closing."""
        return self._timer is not None or self._transport.is_closing()

    def close(self) -> None:
        """Close at once if no answer can be lost, or at the second call. Otherwise close in two stages."""
        if self.is_closing() or not (self._client_sends() and self._transport.can_write_eof()):
            self._end()
        else:
            self._timer = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._end)
            self._transport.write_eof()
            self._transport.resume_reading()

    def _end(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._transport.close()
