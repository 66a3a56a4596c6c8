"""Whether a line is in its place in the chain. The line before it and the two lines after it show that."""

from dataclasses import dataclass
from typing import Self

from handlers.audit.chain import FIRST_PREVIOUS
from handlers.audit.reading import TrailLine
from handlers.audit.record import CHECKPOINT, FILE_OPENED


@dataclass(frozen=True, slots=True)
class Fault:
    """The first line of a trail that is wrong.

    Attributes:
        file: The name of its file.
        line: The number of the line in that file, from 1.
        number: The number of the line in the whole trail. None if the line cannot be read, or is missing.
        message: What is wrong with it. The line is the subject of this text.
    """

    file: str
    line: int
    number: int | None
    message: str

    @classmethod
    def at(cls, line: TrailLine, message: str) -> Self:
        """A fault in this line."""
        return cls(line.name, line.place, line.number, message)


@dataclass(frozen=True, slots=True)
class Window:
    """A line and its neighbours. `before` has been found right. None stands for no line."""

    before: TrailLine | None
    line: TrailLine
    after: TrailLine | None
    later: TrailLine | None

    @property
    def is_first_of_file(self) -> bool:
        """Whether the line comes from another file than the line before."""
        return self.before is None or self.before.name != self.line.name


def fault_in(window: Window, *, part: bool = False) -> Fault | None:
    """The fault of the line, or of the lines that are missing before it. None if the line is in its place.

    If `part`, the first line may come from the middle of a trail.
    """
    line = window.line
    if message := _unreadable(line):
        return Fault.at(line, message)
    before = window.before
    if before and before.event != CHECKPOINT and line.event != FILE_OPENED and (fault := _cut_off(before, line)):
        return fault
    if message := _wrong_file(window):
        return Fault.at(line, message)
    if before is None:
        message = "" if part else _not_first(line)
        return Fault.at(line, message) if message else _contradicted(window)
    return _cut_off(before, line) or _unchained(before, line) or _contradicted(window)


def _unreadable(line: TrailLine) -> str:
    if line.damage:
        return line.damage
    return "" if line.members else "is not a line of an audit trail: it was altered, inserted or cut off"


def _wrong_file(window: Window) -> str:
    """What is wrong with the file that begins with this line, or with a beginning in the middle of a file."""
    before, line = window.before, window.line
    if not window.is_first_of_file:
        return "begins another file in the middle of this one" if line.event == FILE_OPENED else ""
    if line.event != FILE_OPENED:
        return f"is the first of its file, so its event must be {FILE_OPENED}: lines before it were removed"
    if _member(line, "file") != line.file.name:
        return f"opens {_member(line, 'file')}: the file was renamed or copied"
    return _wrong_file_before(before, line) if before else ""


def _wrong_file_before(before: TrailLine, line: TrailLine) -> str:
    missing = line.file.number - before.file.number - 1
    if missing < 0:
        return f"is in a second file with the number {line.file.number}: the file was copied or renamed"
    if missing:
        files = "1 file is" if missing == 1 else f"{missing} files are"
        return f"comes after a gap: {files} missing between {before.name} and this one"
    named = _member(line, "file_before")
    if named != before.file.name:
        return f"names {named} as the file before, but that is {before.name}: a file was renamed or exchanged"
    return ""


def _not_first(line: TrailLine) -> str:
    if line.number == 1 and line.previous == FIRST_PREVIOUS:
        return ""
    return "is not the beginning of a trail: the files or lines before it are missing (--part accepts that)"


def _cut_off(before: TrailLine, line: TrailLine) -> Fault | None:
    """The fault of lines that are missing at the end of the file before. It names the place of the first of them."""
    if before.name == line.name:
        return None
    number = (before.number or 0) + 1
    if line.number and line.number > number:
        missing = _numbers(number, line.number - 1)
        return Fault(before.name, before.place + 1, None, f"is missing: {missing} cut off the end of this file")
    if before.event != CHECKPOINT:
        return Fault(
            before.name, before.place + 1, None, "is missing: the checkpoint that closes this file was removed"
        )
    return None if before.is_ended else Fault.at(before, "lost its line end: bytes were cut off this file")


def _unchained(before: TrailLine, line: TrailLine) -> Fault | None:
    number = (before.number or 0) + 1
    if line.raw == before.raw:
        return Fault.at(line, "is a copy of the line before")
    if line.number and line.number > number:
        return Fault.at(line, f"comes too early: {_numbers(number, line.number - 1)} removed or moved")
    if line.number != number:
        return Fault.at(line, f"is in the wrong place: the next number is {number}; it was copied, moved or altered")
    if line.previous != before.hash:
        return Fault.at(line, "does not follow the line before: this line was altered or inserted")
    return None


def _contradicted(window: Window) -> Fault | None:
    """The fault of a line if the next line has another hash for it, and the line after that agrees with the next."""
    line, after, later = window.line, window.after, window.later
    if after is None or after.members is None or after.previous == line.hash or after.raw == line.raw:
        return None
    if after.number == line.number and after.previous == line.previous and later and later.previous == after.hash:
        return Fault.at(line, "was inserted: the next line has the same number, and follows the line before this one")
    is_copied = after.previous in (line.previous, FIRST_PREVIOUS)
    if after.number != (line.number or 0) + 1 or is_copied or (later and later.previous != after.hash):
        return None  # The next line is wrong itself.
    return Fault.at(line, "was altered: the next line has another hash for it")


def _member(line: TrailLine, name: str) -> object:
    return (line.members or {}).get(name)


def _numbers(first: int, last: int) -> str:
    return f"number {first} was" if first == last else f"numbers {first} to {last} were"
