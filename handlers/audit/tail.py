"""The end of a trail's file: its last whole line, what a crash tore, and whether the file is closed."""

import os
from dataclasses import dataclass
from typing import Self

from handlers.audit.chain import LINE_END, LastLine, last_line
from handlers.audit.record import CHECKPOINT, FILE_CLOSED

_FIRST_CHUNK = 65_536
_GROWTH = 16
_LINES_OF_A_CLOSING = 8
"""`file.closed`, its checkpoint, and the lines about what crashes between the two may have torn."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a file.

    Attributes:
        last: The last whole line. None if there is no whole line.
        torn: The bytes after it, which are no whole line. A process or a machine stopped while it wrote them.
        lacks_line_end: Whether the last byte of the file is not a line end.
        is_closing: Whether `file.closed` is among the last lines. Then only a checkpoint may follow.
    """

    last: LastLine | None
    torn: bytes = b""
    lacks_line_end: bool = False
    is_closing: bool = False

    @property
    def is_closed(self) -> bool:
        """Whether the file is complete: a checkpoint follows `file.closed`, and nothing else follows."""
        return self.is_closing and not self.torn and self.last is not None and self.last.event == CHECKPOINT

    @classmethod
    def parse(cls, end: bytes) -> Self:
        """The tail, from the bytes at the end of a file. The first of these lines may be cut off."""
        *lines, rest = end.split(LINE_END)
        whole, torn = [*lines, rest] if rest else lines, list[bytes]()
        while whole and (found := last_line(whole[-1])) is None:
            torn.insert(0, whole.pop())
        last = found if whole else None
        events = [each.event for each in map(last_line, whole[-_LINES_OF_A_CLOSING:]) if each]
        return cls(last, LINE_END.join(torn), lacks_line_end=bool(rest), is_closing=FILE_CLOSED in events)


def read_tail(descriptor: int, size: int) -> Tail:
    """The tail of an open file of this size in bytes.

    Raises:
        OSError: The file cannot be read.
    """
    length = _FIRST_CHUNK
    while True:
        start = max(size - length, 0)
        tail = Tail.parse(os.pread(descriptor, size - start, start))
        if tail.last or not start:
            return tail
        length *= _GROWTH
