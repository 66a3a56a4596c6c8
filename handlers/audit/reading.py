"""Read the lines of a trail, file by file and in order, in constant memory.

A file may be compressed or not. Nothing is needed but the files, so this also reads a copy from object storage.
"""

import gzip
import stat
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from errno import EINVAL
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO, cast

from handlers.audit.chain import LINE_END, LONGEST_LINE, parse_line
from handlers.audit.files import COMPRESSED, TrailFile
from handlers.audit.record import render_time
from handlers.snap.timestamp import JAKARTA

_DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error)


@dataclass(frozen=True, slots=True)
class TrailLine:
    """One line of a trail's file.

    Attributes:
        file: The file that has the line.
        name: The name of that file in the folder.
        place: The number of the line in its file, from 1.
        raw: Its bytes, without the line end.
        is_ended: Whether the line has its line end.
        damage: Why the bytes of the line cannot be read. Empty if they can be read.
        members: What the line contains. None if it is not a line of a trail.
        time: The time of the line. None if it is not a line of a trail.
        hash: The SHA-256 of its bytes, in lower-case hexadecimal. Empty if it is not a line of a trail.
    """

    file: TrailFile
    name: str
    place: int
    raw: bytes
    is_ended: bool = True
    damage: str = ""
    members: Mapping[str, Any] | None = None
    time: datetime | None = None
    hash: str = ""

    @property
    def number(self) -> int | None:
        """Its number in the whole trail. None if it is not a line of a trail."""
        return self.members["number"] if self.members else None

    @property
    def previous(self) -> str | None:
        """The hash that it has of the line before. None if it is not a line of a trail."""
        return self.members["previous"] if self.members else None

    @property
    def event(self) -> str:
        """Its event. Empty if it is not a line of a trail."""
        return str(self.members["event"]) if self.members else ""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the trail as it is stored in a folder: plain, compressed, or for a short time both."""

    folder: Path
    file: TrailFile
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name in the folder. It is the uncompressed file if both are there."""
        return min(self.names)

    def lines(self) -> Iterator[TrailLine]:
        """The lines of the file.

        Raises:
            OSError: The file cannot be read.
        """
        try:
            yield from _lines(self.folder, self.file, self.name)
        except FileNotFoundError:  # The server has compressed it in the meantime.
            yield from _lines(self.folder, self.file, self.file.compressed_name)

    def first_difference(self) -> TrailLine | None:
        """The first line in which the compressed file differs from the other one. None if they do not differ.

        Raises:
            OSError: The files cannot be read.
        """
        if len(self.names) == 1:
            return None
        plain, compressed = (_lines(self.folder, self.file, name) for name in sorted(self.names))
        try:
            pairs = zip_longest(plain, compressed)
            return next((right or left for left, right in pairs if _bytes(left) != _bytes(right)), None)
        except FileNotFoundError:  # The server has removed one of them in the meantime.
            return None


def stored_files(folder: Path) -> list[StoredFile]:
    """The files of the trail in the folder, in order.

    Raises:
        OSError: The folder cannot be read.
    """
    found: dict[TrailFile, list[str]] = {}
    for path in folder.iterdir():
        if file := TrailFile.parse(path.name):
            found.setdefault(file, []).append(path.name)
    return [StoredFile(folder, file, tuple(found[file])) for file in sorted(found)]


def _lines(folder: Path, file: TrailFile, name: str) -> Iterator[TrailLine]:
    place, is_ended = 0, True
    try:
        for raw in _pieces(folder / name):
            place, is_ended = place + is_ended, raw.endswith(LINE_END)
            yield _line(TrailLine(file, name, place, raw.removesuffix(LINE_END), is_ended=is_ended))
    except _DAMAGED as error:
        yield TrailLine(file, name, place + 1, b"", damage=f"cannot be decompressed: {error}")
    else:
        if not place:
            yield TrailLine(file, name, 1, b"", damage="is missing: the file is empty")


def _pieces(path: Path) -> Iterator[bytes]:
    """The lines of a file. A line that is too long for a trail comes in pieces. No piece is a line of a trail."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(EINVAL, "it is not a regular file", str(path))
    with cast("BinaryIO", gzip.open(path) if path.suffix == COMPRESSED else path.open("rb")) as opened:
        try:
            while raw := opened.readline(LONGEST_LINE):
                yield raw
        except gzip.BadGzipFile:
            raise
        except OSError as error:  # The system does not name the file if reading fails after opening.
            raise OSError(error.errno, error.strerror, str(path)) from error


def _line(line: TrailLine) -> TrailLine:
    members = parse_line(line.raw)
    time = _time(members["time"]) if members else None
    if members is None or time is None:
        return line
    digest = sha256(line.raw).hexdigest()
    return TrailLine(line.file, line.name, line.place, line.raw, line.is_ended, "", members, time, digest)


def _time(text: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(str(text))
        time.astimezone(JAKARTA)  # The last hours of the year 9999 have no time in Jakarta.
    except (ValueError, OverflowError):
        return None
    return time if time.tzinfo and render_time(time) == text else None


def _bytes(line: TrailLine | None) -> object:
    return line and (line.raw, line.is_ended, line.damage)
