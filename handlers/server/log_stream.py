"""Writing log lines beside the work: whoever logs never waits, whatever is the matter with the disk or its reader."""

import json
import os
from queue import SimpleQueue
from threading import Event, Thread

MOST_LINES = 10_000
"""Lines that may wait to be written; about 3 MB."""

_GATHER_SECONDS = 0.05
"""After a line, the time in which others join it in one write: waking for each would cost as much as the work."""

_DRAIN_SECONDS = 2.0


class BackgroundWriter:
    """A stream that a thread of its own writes to a descriptor.

    Lines that cannot be written, or for which there is no room to wait, are counted, and told once writing succeeds.
    """

    def __init__(self, descriptor: int, most_lines: int = MOST_LINES) -> None:
        self._descriptor = descriptor
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
            if lines:
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
        lost = self._without_room + self._not_written
        left = self._notice(lost - self._told) + b"".join(lines)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError:
            self._not_written += min(len(lines), left.count(b"\n"))
            self._torn = True
        else:
            self._told, self._torn = lost, False

    def _notice(self, lost: int) -> bytes:
        """How many lines are missing here; on a line of its own, should half of one stand before it."""
        end = b"\n" if self._torn else b""
        return (
            end + json.dumps({"event": "log.lost", "level": "error", "lines": lost}).encode() + b"\n" if lost else end
        )
