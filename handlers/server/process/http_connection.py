"""One HTTP/1.1 connection: uvicorn's on httptools, with what both leave to others.

This class uses names of uvicorn that are not public. `library_internals.py` lists them, and the server checks at start
that they exist. The corpus in `tests/fuzz` checks that they still behave as this class needs.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

import httptools
import structlog
import uvicorn
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from handlers.server.http import limits
from handlers.server.process.backpressure import Backpressure
from handlers.server.process.deadline import Deadline
from handlers.server.process.staged_close import StagedClose

HEAD_SECONDS = 10.0
"""For a whole request head, from the opening of the connection or from the previous answer."""

_REMIND_SECONDS = 0.1

# Bytes that the parser gets at once. It can read at most so many beyond a request that waits for its answer.
_PIECE = 1_024
_NOTHING = memoryview(b"")

MOST_OVERHEAD = 32_768
"""Bytes that may come without the end of the headers or, behind them, without a byte of the body or its end."""

_log = structlog.get_logger()


class Connection(HttpToolsProtocol):
    """Closes what is silent, stalled or endless; ignores Upgrade and trailers; answers one request after the other.

    Requests may be pipelined. While one waits for its answer, at most one piece beyond it is parsed, the rest of what
    was read is kept as it came, and no more is read.
    """

    def __init__(self, server: uvicorn.Server, closed: Callable[[], None]) -> None:
        """`closed` is called once, when the connection is gone."""
        super().__init__(server.config, server.server_state, server.lifespan.state)
        self.flow: Backpressure
        self._closed = closed
        self._deadline = Deadline(self.loop, self._too_late)
        self._unparsed = _NOTHING
        self._is_begun, self._in_head = False, True
        self._overhead = 0
        self._whole = self._answered = 0
        self._refused: HTTPStatus | None = None
        self._half_closed = self._is_ending = False
        self._running: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Start the clock of the first request."""
        super().connection_made(transport)
        self.transport = StagedClose(transport, self._client_sends)
        self.flow = Backpressure(transport)
        self._deadline.move(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock, tell the requests under way, and make room for another connection."""
        self._abandon()
        super().connection_lost(exc)
        self._deadline.cancel()
        self._closed()

    def data_received(self, data: bytes) -> None:
        """Parse the data, or keep it until its turn. After a refusal, data is ignored."""
        if self._refused or self.transport.is_closing():
            return
        self._unparsed = memoryview(bytes(self._unparsed) + data if self._unparsed else data)
        self._parse()

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn closes
        """The client sends no more, but may still read: its whole requests are answered (RFC 9112, section 9.6)."""
        if self.transport.is_closing():
            return False
        self._half_closed = True
        self._end_if_all_is_answered()
        return True

    def on_message_begin(self) -> None:
        """The first byte of a head."""
        self._is_begun = True
        super().on_message_begin()

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
        if self.parser.get_http_version() != "1.1":
            # RFC 9110, section 10.1.1: "A server that receives a 100-continue expectation in an HTTP/1.0 request
            # MUST ignore that expectation."
            self.expect_100_continue = False
        super().on_headers_complete()
        if self.expect_100_continue:
            # A client that gets its answer instead of 100 may send no body; its next request would be read as the body.
            self.cycle.keep_alive = False
        # uvicorn drops a fragment, but the guard must see it.
        _, mark, fragment = self.url.partition(b"#")
        self.scope["raw_path"] += mark + fragment
        self._in_head, self._overhead = False, 0
        self._deadline.move(limits.BODY_SECONDS)

    def on_message_complete(self) -> None:
        """What comes next is another head."""
        if self.parser.should_upgrade():
            return
        if self.expect_100_continue:
            self.cycle.waiting_for_100_continue = False
            self.cycle.keep_alive = self.parser.should_keep_alive() and not self._is_ending
        self._is_begun, self._in_head, self._overhead = False, True, 0
        self._whole += 1
        if self.cycle.response_complete:
            self._deadline.move(HEAD_SECONDS)
        else:
            self._deadline.stop()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request, or start its clock, unless one was refused."""
        self._answered += 1
        if self._refused and self._answered >= self._whole:
            self._say(self._refused)
            return
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if self.cycle.response_complete:
            self._deadline.move(HEAD_SECONDS)
        self._parse()
        if self._is_begun:
            self._unset_keepalive_if_required()

    def shutdown(self) -> None:
        """Answer what is under way, and close."""
        self._is_ending = True
        super().shutdown()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _parse(self) -> None:
        """Parse one piece after the other, until a whole request waits for its answer."""
        while self._unparsed and self._whole <= self._answered:
            piece, self._unparsed = self._unparsed[:_PIECE], self._unparsed[_PIECE:]
            self._feed(piece)
        if self._unparsed:
            self.flow.hold()
        else:
            self.flow.release()
            self._end_if_all_is_answered()

    def _feed(self, piece: memoryview) -> None:
        """Refuse what is no HTTP, and a head that does not end."""
        self._unset_keepalive_if_required()
        self._overhead += len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on_without_upgrade(piece[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(HTTPStatus.BAD_REQUEST)
        else:
            if self._overhead > MOST_OVERHEAD:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def _go_on_without_upgrade(self, rest: memoryview) -> None:
        """Ignore Upgrade, as RFC 9110, 7.8, allows: llhttp stops there, and would read the body as another request."""
        if self.parser.get_method() == b"CONNECT":
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        version = self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)]
        lines += [b"%s: %s" % header for header in self.headers if header[0] not in {b"upgrade", b"connection"}]
        self.parser = httptools.HttpRequestParser(self)
        self._overhead = 0
        self._unparsed = memoryview(b"\r\n".join([*lines, b"connection: close", b"", rest]) + self._unparsed)

    def _client_sends(self) -> bool:
        is_sending = self._is_begun or bool(self._unparsed) or self._refused is not None
        return is_sending and not self._half_closed and not self._is_ending

    def _end_if_all_is_answered(self) -> None:
        """End the connection of a client that sends no more. A request that it has not finished is refused."""
        if not self._half_closed or self._whole > self._answered:
            return
        if self._is_begun and (self._in_head or not self.cycle.response_complete):
            self._refuse(HTTPStatus.BAD_REQUEST)
        else:
            self.transport.close()

    def _abandon(self) -> None:
        """Tell the request under way that its client is gone. Uvicorn tells only the request that came last."""
        if self._running and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    def _too_late(self) -> None:
        if not self._in_head and not self.cycle.response_complete:
            # Whoever reads the body looks at the clock whenever there is news, or this.
            self.cycle.message_event.set()
            self._deadline.move(_REMIND_SECONDS)
        elif self._is_begun:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()

    def _refuse(self, status: HTTPStatus) -> None:
        """Ignore further data. When all whole requests are answered, answer without a body, and close."""
        _log.warning("connection.refused", status=status.value, remote=self.client and self.client[0])
        self._refused = status
        self._unparsed = _NOTHING
        if self._answered >= self._whole:
            self._say(status)

    def _say(self, status: HTTPStatus) -> None:
        # A request that was answered before its end, or is being answered, gets no second answer.
        if not self.transport.is_closing() and (self._in_head or not self.cycle.response_started):
            head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(head.encode())
        self.transport.close()
        self._abandon()
