"""Writing log lines beside the work: whoever logs never waits, whatever is the matter with the disk or its reader."""

import json
import os
import select
from contextlib import suppress
from datetime import UTC, datetime
from itertools import accumulate
from queue import SimpleQueue
from threading import Event, Thread

MOST_LINES = 10_000
"""Lines that may wait to be written; about 3 MB."""

_GATHER_SECONDS = 0.05
"""After a line, the time in which others join it in one write: waking for each would cost as much as the work."""

_DRAIN_SECONDS = 2.0
_LINE_END = b"\n"


class BackgroundWriter:
    """A stream that a thread of its own writes to a descriptor.

    Lines that cannot be written, or for which there is no room to wait, are counted, and told once writing succeeds.
    """

    def __init__(self, descriptor: int, most_lines: int = MOST_LINES) -> None:
        self._descriptor = descriptor
        self._writable = select.poll()
        self._writable.register(descriptor, select.POLLOUT)
        self._waiting: SimpleQueue[bytes | Event] = SimpleQueue()
        self._most_lines = most_lines
        self._without_room = self._not_written = self._told = 0
        self._torn = False
        self._hurry = Event()
        Thread(target=self._work, name="log", daemon=True).start()

    def write(self, text: str) -> int:
        """Hand a line over, or count it as lost."""
        if self._waiting.qsize() < self._most_lines:
            self._waiting.put(text.encode(errors="backslashreplace"))
        else:
            self._without_room += 1
        return len(text)

    def flush(self) -> None:
        """Nothing is held back here."""

    def drain(self) -> None:
        """Wait until all that was handed over is written, but not for ever."""
        written = Event()
        self._hurry.set()
        self._waiting.put(written)
        written.wait(_DRAIN_SECONDS)
        self._hurry.clear()

    def _work(self) -> None:
        while True:
            lines, ended = self._taken()
            self._write(lines)
            for each in ended:
                each.set()

    def _taken(self) -> tuple[list[bytes], list[Event]]:
        """Everything that waits; at least one thing."""
        first = self._waiting.get()
        self._hurry.wait(_GATHER_SECONDS)
        taken = [first, *(self._waiting.get() for _ in range(self._waiting.qsize()))]
        return [each for each in taken if isinstance(each, bytes)], [each for each in taken if isinstance(each, Event)]

    def _write(self, lines: list[bytes]) -> None:
        """Write these lines after the number of lines lost so far. A line that is only half written is lost too."""
        lost = self._without_room + self._not_written
        texts = [self._notice(lost - self._told), *lines]
        written = self._put(b"".join(texts))
        told, *whole = (end <= written for end in accumulate(map(len, texts)))
        self._not_written += whole.count(False)
        if told:
            self._told = lost

    def _put(self, data: bytes) -> int:
        """Write the data; how many bytes could be written."""
        left = memoryview(data)
        with suppress(OSError):
            while left:
                left = left[self._written(left) :]
        written = len(data) - len(left)
        if written:
            self._torn = not data[:written].endswith(_LINE_END)
        return written

    def _written(self, data: memoryview) -> int:
        """Write once; how many bytes were written. If the descriptor does not block, wait until it can be written."""
        while True:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:
                self._writable.poll()

    def _notice(self, lost: int) -> bytes:
        """How many lines are missing here; on a line of its own, should half of one stand before it."""
        end = _LINE_END if self._torn else b""
        if not lost:
            return end
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        told = {"event": "log.lost", "level": "error", "lines": lost, "timestamp": now}
        return end + json.dumps(told).encode() + _LINE_END
