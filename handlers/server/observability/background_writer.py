"""Writes log lines in its own thread, so that logging never waits for a slow disk or a slow reader."""

import os
import select
from contextlib import suppress
from datetime import UTC, datetime
from itertools import accumulate
from queue import SimpleQueue
from threading import Event, Thread

from handlers.server.observability.json_line import JSON_LINE
from handlers.server.observability.log_turn import LOG_TURN
from handlers.server.observability.metrics.definitions import LOG_LINES_LOST

MOST_LINES = 10_000
"""Maximum number of lines that wait to be written, about 3 MB."""

_GATHER_SECONDS = 0.05
"""Time to collect more lines for one write. A wake-up for each line would cost as much CPU time as a request."""

_DRAIN_SECONDS = 2.0
_LINE_END = b"\n"


class BackgroundWriter:
    """A text stream whose own thread writes to a file descriptor.

    Lines are lost if writing fails or too many lines wait. The next successful write reports their number.
    """

    def __init__(self, descriptor: int, most_lines: int = MOST_LINES) -> None:
        self._descriptor = descriptor
        self._writable = select.poll()
        self._writable.register(descriptor, select.POLLOUT)
        self._waiting: SimpleQueue[bytes | Event] = SimpleQueue()
        self._most_lines = most_lines
        self._rejected = self._unwritten = self._reported = 0
        self._is_torn = False
        self._drain_now = Event()
        Thread(target=self._work, name="log", daemon=True).start()

    def write(self, text: str) -> int:
        """Queue a line, or count it as lost."""
        if self._waiting.qsize() < self._most_lines:
            self._waiting.put(text.encode(errors="backslashreplace"))
        else:
            self._rejected += 1
            LOG_LINES_LOST().inc()
        return len(text)

    def flush(self) -> None:
        """Do nothing: the thread writes queued lines without a flush."""

    def drain(self) -> None:
        """Wait until all queued lines are written, but at most `_DRAIN_SECONDS`."""
        written = Event()
        self._drain_now.set()
        self._waiting.put(written)
        written.wait(_DRAIN_SECONDS)
        self._drain_now.clear()

    def _work(self) -> None:
        while True:
            lines, drains = self._take()
            self._write(lines)
            for written in drains:
                written.set()

    def _take(self) -> tuple[list[bytes], list[Event]]:
        """Take everything from the queue. Wait until it has at least one item."""
        first = self._waiting.get()
        self._drain_now.wait(_GATHER_SECONDS)
        taken = [first, *(self._waiting.get() for _ in range(self._waiting.qsize()))]
        return [each for each in taken if isinstance(each, bytes)], [each for each in taken if isinstance(each, Event)]

    def _write(self, lines: list[bytes]) -> None:
        """Write a notice about lost lines, then these lines. A line that is only partly written is lost too."""
        lost = self._rejected + self._unwritten
        texts = [self._notice(lost - self._reported), *lines]
        written = self._put(b"".join(texts))
        is_reported, *are_written = (end <= written for end in accumulate(map(len, texts)))
        if unwritten := are_written.count(False):
            self._unwritten += unwritten
            LOG_LINES_LOST().inc(unwritten)
        if is_reported:
            self._reported = lost

    def _put(self, data: bytes) -> int:
        """Write the data until an error. Return the number of bytes written."""
        left = memoryview(data)
        with LOG_TURN.taken(), suppress(OSError):
            while left:
                left = left[self._write_once(left) :]
        written = len(data) - len(left)
        if written:
            self._is_torn = not data[:written].endswith(_LINE_END)
        return written

    def _write_once(self, data: memoryview) -> int:
        """Write once and return the number of bytes written. Wait first if a non-blocking descriptor is not ready."""
        while True:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:
                self._writable.poll()

    def _notice(self, lost: int) -> bytes:
        """The log line about lost lines. Empty if none are lost. A line break comes first if the last line is cut."""
        end = _LINE_END if self._is_torn else b""
        if not lost:
            return end
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        notice = {"event": "log.lost", "level": "error", "lines": lost, "timestamp": now}
        return end + JSON_LINE.render(notice).encode() + _LINE_END
