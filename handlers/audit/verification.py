"""Verify a trail: find the first line that was altered, removed, inserted or reordered.

The chain of hashes shows every change of a line that has a line after it. The signatures of the checkpoints show a
chain that somebody computed anew, because that person does not have the private key. Nothing in the files can show
that lines were cut off the end of the trail. The result of an earlier verification, kept elsewhere, shows that.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain

from handlers.audit.links import Fault, Window, fault_in
from handlers.audit.public_keys import PublicKeys
from handlers.audit.reading import StoredFile, TrailLine
from handlers.audit.record import CHECKPOINT, LINE_TORN, TRAIL_RESUMED
from handlers.audit.torn import without_torn

CLOCK_TOLERANCE = timedelta(seconds=60)
"""How far the time of a line may be before the time of the line before, without a note."""

LONGEST_UNSIGNED = timedelta(minutes=75)
"""The writer signs every hour. Lines may wait in a queue before they are written, so some minutes are added."""

MOST_NOTES = 10

_BEFORE = "the first line in this folder comes after the line of the earlier result, number"

_EXPLAINED = {
    LINE_TORN: ("torn_bytes", "follows {} torn bytes: a server stopped, or the disk was full, while it wrote them"),
    TRAIL_RESUMED: ("lines_lost", "ends a time in which the trail could not be written; {} lines were lost"),
}
"""The notes about these events. Each has the value of one member."""


@dataclass(frozen=True, slots=True)
class KnownLine:
    """A line that the trail is known to have, from an earlier verification. `number` is its number in the trail."""

    number: int
    hash: str


@dataclass(slots=True)
class Verification:
    """A verification, and what it has found up to now.

    Attributes:
        keys: The public keys that sign checkpoints.
        part: Whether the files may be a part of a trail, without its beginning.
        known: A line that the trail must have.
        lines: The number of lines that are right.
        checkpoints: The number of checkpoints among them.
        first: The first line that is right.
        last: The last line that is right.
        checkpoint: The last checkpoint that is right.
        fault: The first line that is wrong.
        notes: What is unusual, but is no alteration.
        more_notes: The number of notes that were left out, because there are too many.
        unsigned: The first line after the last checkpoint.
    """

    keys: PublicKeys
    part: bool = False
    known: KnownLine | None = None
    lines: int = 0
    checkpoints: int = 0
    first: TrailLine | None = None
    last: TrailLine | None = None
    checkpoint: TrailLine | None = None
    fault: Fault | None = None
    notes: list[str] = field(default_factory=list)
    more_notes: int = 0
    unsigned: TrailLine | None = None

    def run(self, files: Sequence[StoredFile]) -> None:
        """Verify these files, until the first fault.

        Raises:
            OSError: A file cannot be read.
        """
        for _ in self.read(files):
            if self.fault:
                break

    def read(self, files: Sequence[StoredFile]) -> Iterator[TrailLine]:
        """Verify these files, and yield each line of the trail. Lines after a fault are not verified.

        Raises:
            OSError: A file cannot be read.
        """
        stored = chain.from_iterable(self._lines(file) for file in files)
        for window in _windows(without_torn(stored)):
            if self.fault is None:
                self._verify(window)
            if window.line.members:
                yield window.line
        self.fault = self.fault or self._end_fault()
        if self.known and self.first and self.known.number < _number(self.first):
            self.notes.append(f"{_BEFORE} {self.known.number}, so it was not compared")

    def _lines(self, file: StoredFile) -> Iterator[TrailLine]:
        different = file.first_difference()
        if different:
            yield replace(different, damage="differs between the file and its compressed copy", members=None)
        yield from file.lines()

    def _verify(self, window: Window) -> None:
        line = window.line
        if window.after is None and not line.is_ended and not line.damage:
            self._note(f"{line.name} ends with half a line: the server writes it now, or stopped while it wrote it")
            if not line.members and not window.is_first_of_file:
                return
        self.fault = fault_in(window, part=self.part) or self._signature_fault(line) or self._known_fault(line)
        if self.fault is None:
            self._count(line)

    def _signature_fault(self, line: TrailLine) -> Fault | None:
        message = self.keys.mistake(line) if line.event == CHECKPOINT else self._lacks_checkpoint(line)
        first = _number(self.checkpoint) + 1
        rewritten = f"; somebody may have rewritten the lines from number {first} to {_number(line)}"
        return Fault.at(line, message + rewritten) if message else None

    def _lacks_checkpoint(self, line: TrailLine) -> str:
        """What is wrong if no checkpoint has signed the lines before for too long. Empty if nothing is wrong."""
        if self.unsigned is None or line.event == LINE_TORN:
            return ""
        # If lines waited before they were written, the checkpoint before them is younger than they are.
        seconds = min(_seconds(each, line) for each in (self.unsigned, self.checkpoint) if each)
        is_late = seconds > LONGEST_UNSIGNED.total_seconds()
        return "comes without the checkpoint of the hour before, which was removed" if is_late else ""

    def _known_fault(self, line: TrailLine) -> Fault | None:
        known = self.known
        if known is None or known.number != line.number or known.hash == line.hash:
            return None
        return Fault.at(line, "is not the line that the earlier result has for this number: the trail was rewritten")

    def _end_fault(self) -> Fault | None:
        """The fault of a trail that ends before the line that it must have."""
        known, last = self.known, self.last
        if known is None or last is None or known.number <= _number(last):
            return None
        message = f"is missing: the trail once had number {known.number}, so lines were cut off its end"
        return Fault(last.name, last.place + 1, None, message)

    def _count(self, line: TrailLine) -> None:
        if self.last and (backwards := _seconds(line, self.last)) > CLOCK_TOLERANCE.total_seconds():
            late = f"is {backwards:.0f} seconds older than the line before: it waited, or the clock was set back"
            self._note_at(line, late)
        self.lines += 1
        self.first = self.first or line
        self.last = line
        self.unsigned = self.unsigned or line
        if line.event in _EXPLAINED:
            name, text = _EXPLAINED[line.event]
            self._note_at(line, text.format((line.members or {}).get(name)))
        if line.event == CHECKPOINT:
            self.checkpoints += 1
            self.checkpoint, self.unsigned = line, None

    def _note_at(self, line: TrailLine, text: str) -> None:
        self._note(f"{line.name} line {line.place} {text}")

    def _note(self, text: str) -> None:
        if len(self.notes) < MOST_NOTES:
            self.notes.append(text)
        else:
            self.more_notes += 1


def _number(line: TrailLine | None) -> int:
    return line.number or 0 if line else 0


def _seconds(earlier: TrailLine, later: TrailLine) -> float:
    """The seconds from one line to another."""
    return (later.time - earlier.time).total_seconds() if earlier.time and later.time else 0.0


def _windows(lines: Iterable[TrailLine]) -> Iterator[Window]:
    """Each line with the line before it and the two lines after it."""
    window = deque[TrailLine | None]([None], maxlen=4)
    for line in chain(lines, [None, None]):
        window.append(line)
        match window:
            case (before, TrailLine() as middle, after, later):
                yield Window(before, middle, after, later)
