"""One HTTP/1.1 connection: uvicorn's class for httptools, with the limits and the RFC rules that both lack.

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
"""Time limit for a complete request head, from the start of the connection or from the previous answer."""

_REMIND_SECONDS = 0.1
"""Time between wake-ups of an application that reads a body after its deadline."""

_PIECE = 1_024
"""Number of bytes that the parser gets at once, so the most that it can read beyond an unanswered request."""

_NOTHING = memoryview(b"")

MOST_OVERHEAD = 32_768
"""Maximum number of bytes without progress: before the end of the headers, or between two parts of the body."""

_log = structlog.get_logger()


class Connection(HttpToolsProtocol):
    """Closes silent, stalled and endless connections. Ignores Upgrade and trailers. Answers requests one by one.

    Requests can be pipelined. While one waits for its answer, at most one piece beyond it is parsed. The other received
    bytes stay unparsed, and no more bytes are read.
    """

    def __init__(self, server: uvicorn.Server, closed: Callable[[], None]) -> None:
        """`closed` is called once, when the connection is lost."""
        super().__init__(server.config, server.server_state, server.lifespan.state)
        self.flow: Backpressure
        self._closed = closed
        self._deadline = Deadline(self.loop, self._deadline_passed)
        self._unparsed = _NOTHING
        self._has_begun, self._in_head = False, True
        self._overhead = 0
        self._received = self._answered = 0
        self._refused: HTTPStatus | None = None
        self._half_closed = self._is_ending = False
        self._current_cycle: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's signature
        """Start the deadline of the first request head."""
        super().connection_made(transport)
        self.transport = StagedClose(transport, self._client_sends)
        self.flow = Backpressure(transport)
        self._deadline.move(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the deadline, tell the running request, and free the slot for another connection."""
        self._abandon()
        super().connection_lost(exc)
        self._deadline.cancel()
        self._closed()

    def data_received(self, data: bytes) -> None:
        """Parse the data, or keep it until the previous request is answered. Ignore data after a refusal."""
        if self._refused or self.transport.is_closing():
            return
        self._unparsed = memoryview(bytes(self._unparsed) + data if self._unparsed else data)
        self._parse()

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn returns None
        """The client sends no more, but can still read. Answer its complete requests (RFC 9112, section 9.6).

        With TLS the connection closes instead, because uvloop has no half-closed TLS connections.
        """
        if self.transport.is_closing() or self.scheme == "https":
            return False
        self._half_closed = True
        self._close_if_all_answered()
        return True

    def on_message_begin(self) -> None:
        """Note the first byte of a request head."""
        self._has_begun = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Ignore trailers, which uvicorn would add to the headers (RFC 9110, section 6.5)."""
        if self._in_head:
            super().on_header(name, value.strip(b" \t"))

    def on_body(self, body: bytes) -> None:
        """Note progress: part of the body arrived."""
        self._overhead = 0
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """Pass the request to the application, and start the deadline of the body."""
        if self.parser.should_upgrade():
            return
        if self.parser.get_http_version() != "1.1":
            # RFC 9110, section 10.1.1: "A server that receives a 100-continue expectation in an HTTP/1.0 request
            # MUST ignore that expectation."
            self.expect_100_continue = False
        super().on_headers_complete()
        if self.expect_100_continue:
            # A client that gets an answer instead of 100 can omit the body. Its next request would be read as the body.
            self.cycle.keep_alive = False
        # Uvicorn drops a fragment, but `limits.require_bounded` must see it.
        _, hash_sign, fragment = self.url.partition(b"#")
        self.scope["raw_path"] += hash_sign + fragment
        self._in_head, self._overhead = False, 0
        self._deadline.move(limits.BODY_SECONDS)

    def on_message_complete(self) -> None:
        """Expect another request head."""
        if self.parser.should_upgrade():
            return
        if self.expect_100_continue:
            self.cycle.waiting_for_100_continue = False
            self.cycle.keep_alive = self.parser.should_keep_alive() and not self._is_ending
        self._has_begun, self._in_head, self._overhead = False, True, 0
        self._received += 1
        if self.cycle.response_complete:
            self._deadline.move(HEAD_SECONDS)
        else:
            self._deadline.stop()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Parse the next request, or start its deadline. After a refusal, send the refusal."""
        self._answered += 1
        if self._refused and self._answered >= self._received:
            self._send_refusal(self._refused)
            return
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if self.cycle.response_complete:
            self._deadline.move(HEAD_SECONDS)
        self._parse()
        if self._has_begun:
            self._unset_keepalive_if_required()

    def shutdown(self) -> None:
        """Answer the running request, then close."""
        self._is_ending = True
        super().shutdown()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._current_cycle = cycle
        super()._start_asgi_task(cycle, app)

    def _parse(self) -> None:
        """Parse piece by piece until a complete request waits for its answer."""
        while self._unparsed and self._received <= self._answered:
            piece, self._unparsed = self._unparsed[:_PIECE], self._unparsed[_PIECE:]
            self._feed(piece)
        if self._unparsed:
            self.flow.hold()
        else:
            self.flow.release()
            self._close_if_all_answered()

    def _feed(self, piece: memoryview) -> None:
        """Parse one piece. Refuse bytes that are not HTTP, and a request without progress."""
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
        """Ignore Upgrade (RFC 9110, section 7.8). A new parser is needed, because llhttp stops at Upgrade."""
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
        is_sending = self._has_begun or bool(self._unparsed) or self._refused is not None
        return is_sending and not self._half_closed and not self._is_ending

    def _close_if_all_answered(self) -> None:
        """Close the connection of a client that sends no more. Refuse its incomplete request."""
        if not self._half_closed or self._received > self._answered:
            return
        if self._has_begun and (self._in_head or not self.cycle.response_complete):
            self._refuse(HTTPStatus.BAD_REQUEST)
        else:
            self.transport.close()

    def _abandon(self) -> None:
        """Tell the running request that its client has disconnected. Uvicorn tells only the newest request."""
        if self._current_cycle and not self._current_cycle.response_complete:
            self._current_cycle.disconnected = True
            self._current_cycle.message_event.set()

    def _deadline_passed(self) -> None:
        if not self._in_head and not self.cycle.response_complete:
            # Wake up the application, which then checks the deadline of the body.
            self.cycle.message_event.set()
            self._deadline.move(_REMIND_SECONDS)
        elif self._has_begun:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()

    def _refuse(self, status: HTTPStatus) -> None:
        """Ignore further data. After all complete requests are answered, send this status without a body, and close."""
        _log.warning("connection.refused", status=status.value, remote=self.client and self.client[0])
        self._refused = status
        self._unparsed = _NOTHING
        if self._answered >= self._received:
            self._send_refusal(status)

    def _send_refusal(self, status: HTTPStatus) -> None:
        # A request whose answer has started or was sent before its end gets no second answer.
        if not self.transport.is_closing() and (self._in_head or not self.cycle.response_started):
            head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(head.encode())
        self.transport.close()
        self._abandon()
