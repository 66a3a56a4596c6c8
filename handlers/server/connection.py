"""One HTTP/1.1 connection: uvicorn's on httptools, with what both leave to others.

It stands on names of uvicorn's `HttpToolsProtocol` that are no public interface (`parser`, `cycle`, `headers`, `url`);
the lock pins uvicorn, and the corpus in `tests/fuzz` says when they no longer do what is needed here.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

import httptools
import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from handlers.server import guard

HEAD_SECONDS = 10.0
"""For a whole request head, from the opening of the connection or from the previous answer."""

_REMIND_SECONDS = 0.1

MOST_OVERHEAD = 32_768
"""Bytes that may come without the end of the headers or, behind them, without a byte of the body or its end."""

_log = structlog.get_logger()


class Connection(HttpToolsProtocol):
    """Closes what is silent, stalled or endless; ignores Upgrade and trailers."""

    def __init__(self, server: uvicorn.Server, closed: Callable[[], None]) -> None:
        """`closed` is called once, when the connection is gone."""
        super().__init__(server.config, server.server_state, server.lifespan.state)
        self._closed = closed
        self._timer: asyncio.TimerHandle | None = None
        self._due: float | None = None
        self._in_head = True
        self._overhead = 0
        self._whole = self._answered = 0
        self._refused: HTTPStatus | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Start the clock of the first request."""
        super().connection_made(transport)
        self._expect_within(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock and make room for another connection."""
        super().connection_lost(exc)
        if self._timer:
            self._timer.cancel()
        self._closed()

    def data_received(self, data: bytes) -> None:
        """Feed the parser; refuse what is no HTTP, and a head that does not end."""
        self._unset_keepalive_if_required()
        self._overhead += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(HTTPStatus.BAD_REQUEST)
        else:
            if self._overhead > MOST_OVERHEAD:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A trailer is no header (RFC 9110, 6.5), though uvicorn would add it to them."""
        if self._in_head:
            super().on_header(name, value.strip(b" \t"))

    def on_body(self, body: bytes) -> None:
        """Progress."""
        self._overhead = 0
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """Hand the request over, and see to it that whoever reads its body is not left waiting."""
        if self.parser.should_upgrade():
            return
        super().on_headers_complete()
        # uvicorn drops a fragment; the guard is to see it.
        _, mark, fragment = self.url.partition(b"#")
        self.scope["raw_path"] += mark + fragment
        self._in_head, self._overhead = False, 0
        self._expect_within(guard.BODY_SECONDS)

    def on_message_complete(self) -> None:
        """What comes next is another head."""
        if self.parser.should_upgrade():
            return
        self._in_head, self._overhead = True, 0
        self._whole += 1
        self._stop_the_clock()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Start the clock of the next request, unless it is under way or was refused."""
        self._answered += 1
        if self._refused and self._answered >= self._whole:
            self._say(self._refused)
            return
        super().on_response_complete()
        if self.cycle.response_complete:
            self._expect_within(HEAD_SECONDS)

    def _go_on_without_upgrade(self, rest: bytes) -> None:
        """Ignore Upgrade, as RFC 9110, 7.8, allows: llhttp stops there, and would read the body as another request."""
        if self.parser.get_method() == b"CONNECT":
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        version = self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)]
        lines += [b"%s: %s" % header for header in self.headers if header[0] not in {b"upgrade", b"connection"}]
        self.parser = httptools.HttpRequestParser(self)
        self._overhead = 0
        self.data_received(b"\r\n".join([*lines, b"connection: close", b"", rest]))

    def _expect_within(self, seconds: float) -> None:
        """Set the deadline. It only ever moves on, so the timer of the one before is left to find the new one."""
        self._due = self.loop.time() + seconds
        self._timer = self._timer or self.loop.call_later(seconds, self._look)

    def _stop_the_clock(self) -> None:
        self._due = None

    def _look(self) -> None:
        self._timer = None
        if self._due is None:
            return
        left = self._due - self.loop.time()
        if left > 0:
            self._timer = self.loop.call_later(left, self._look)
        else:
            self._too_late()

    def _too_late(self) -> None:
        if not self._in_head and not self.cycle.response_complete:
            # Whoever reads the body looks at the clock whenever there is news, or this.
            self.cycle.message_event.set()
            self._expect_within(_REMIND_SECONDS)
        elif self._overhead:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()

    def _refuse(self, status: HTTPStatus) -> None:
        """Read no further; answer without a body and close, once the requests that came whole are answered."""
        _log.warning("connection.refused", status=status.value, remote=self.client and self.client[0])
        self._refused = status
        self.transport.pause_reading()
        if self._answered >= self._whole:
            self._say(status)

    def _say(self, status: HTTPStatus) -> None:
        # A request that was answered before its end, or is being answered, gets no second answer.
        if self._in_head or not self.cycle.response_started:
            head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(head.encode())
        self.transport.close()
