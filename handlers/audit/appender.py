"""Appends records to the trail. All processes that use one folder write one chain, because they take turns."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import accumulate, groupby
from pathlib import Path

import structlog

from handlers.audit.chain import LINE_END, LastLine, chained_lines
from handlers.audit.checkpoint import CheckpointKey
from handlers.audit.files import TrailFile, jakarta_day
from handlers.audit.folder_lock import turn
from handlers.audit.newest_file import NewestFile, find_newest
from handlers.audit.open_file import OpenFile, PartialWriteError, write_all
from handlers.audit.record import CHECKPOINT, FILE_CLOSED, FILE_OPENED, LINE_TORN, Record, render_time
from handlers.audit.tail import Tail

_SECONDS_OF_AN_HOUR = 3600

_log = structlog.get_logger()


class AppendError(Exception):
    """Records could not be appended. The first `written` of them are in the trail all the same."""

    def __init__(self, cause: str, written: int = 0) -> None:
        super().__init__(cause)
        self.written = written


@dataclass(frozen=True, slots=True)
class TrailOptions:
    """How a trail is written.

    Attributes:
        folder: The folder of its files.
        key: The key that signs checkpoints.
        rotate_bytes: A file is closed when it has this size.
        group: The ID of the group that may read the files. None for the group of the process.
        durable: Whether records are on disk when `append` returns.
    """

    folder: Path
    key: CheckpointKey
    rotate_bytes: int
    group: int | None = None
    durable: bool = False


class Appender:
    """Appends to the trail of one folder. Only one thread uses it."""

    def __init__(self, options: TrailOptions, now: Callable[[], datetime]) -> None:
        """`now` is the clock."""
        self._options = options
        self._now = now
        self._file: OpenFile | None = None
        self._newest: TrailFile | None = None
        self._last = LastLine()
        self._size = 0
        self._appended = 0

    @property
    def file(self) -> TrailFile | None:
        """The file to which it appended last."""
        return self._newest

    def append(self, records: Sequence[Record]) -> None:
        """Append the records, those of one hour with one write. A checkpoint is between lines of different hours.

        If records waited since an hour before, a checkpoint says when they were written.

        Raises:
            AppendError: The files cannot be read or written.
        """
        with self._turn() as file:
            for hour, of_hour in groupby(records, lambda each: each.time.timestamp() // _SECONDS_OF_AN_HOUR):
                self._sign_before(file, hour)
                self._append(file, list(of_hour))

    def sign(self) -> None:
        """Sign all lines since the last checkpoint, if there are any.

        Raises:
            AppendError: The files cannot be read or written.
        """
        with self._turn() as file:
            self._sign(file)

    @contextmanager
    def _turn(self) -> Iterator[OpenFile]:
        """The file to append to. No other process appends in this block.

        After an error the file is closed, so that the next turn reads what really is in it.
        """
        self._appended = 0
        try:
            with turn(self._options.folder):
                self._catch_up()
                if self._file:
                    self._sign_and_close_if_due(self._file)
                yield self._file or self._open_next()
        except (OSError, PartialWriteError) as error:
            self._leave_file()
            raise AppendError(_cause(error), self._appended) from error

    def _catch_up(self) -> None:
        """Read what other processes appended, and repair what a crash tore."""
        if self._file and self._file.is_in_place and self._file.size == self._size:
            return
        self._leave_file()
        newest = find_newest(self._options.folder)
        if newest.last.number < self._last.number:
            self._continue_after_loss(newest)
            return
        self._file, self._newest, self._last = newest.opened, newest.file or self._newest, newest.last
        if self._file:
            self._size = self._file.size
            self._repair(self._file, newest.tail)

    def _continue_after_loss(self, newest: NewestFile) -> None:
        """Somebody removed lines. The chain goes on after the last line in memory, so that the gap can be found."""
        found, written = newest.last.number, self._last.number
        _log.error("audit.lines_gone", file=newest.file and newest.file.name, last=found, written=written)
        if newest.opened:
            newest.opened.close()
        self._newest = max(filter(None, (newest.file, self._newest)), default=None)

    def _repair(self, file: OpenFile, tail: Tail) -> None:
        """Complete what a crash left: a line without its end, a torn line, or a file that is not completely closed."""
        if tail.lacks_line_end:
            self._put(file, [LINE_END], self._last)
        if tail.torn:
            fields = {"torn_sha256": sha256(tail.torn).hexdigest(), "torn_bytes": len(tail.torn)}
            self._put_signed(file, Record(LINE_TORN, self._now(), fields))
        if tail.is_closing:
            self._sign(file)
            self._leave_file()

    def _sign_and_close_if_due(self, file: OpenFile) -> None:
        """Sign the lines of the hours before. Close the file if it is large enough, or if a new day has begun."""
        now = self._now()
        if self._last.hour != _hour(now):
            self._sign(file)
        if self._size >= self._options.rotate_bytes or file.file.day != jakarta_day(now):
            self._put_signed(file, Record(FILE_CLOSED, now, {"file": file.file.name}))
            os.fdatasync(file.descriptor)
            self._leave_file()

    def _open_next(self) -> OpenFile:
        now, before = self._now(), self._newest
        file = TrailFile.next_after(before, now)
        fields = {"file": file.name, "file_before": before and before.name}
        (line,), last = chained_lines([Record(FILE_OPENED, now, fields)], self._last)
        self._file = OpenFile.create(self._options.folder, file, line, self._options.group)
        self._newest, self._last, self._size = file, last, len(line)
        return self._file

    def _sign_before(self, file: OpenFile, hour: float) -> None:
        """Sign before records of this hour since 1970, if lines of another hour are unsigned, or if these waited."""
        now = self._now()
        is_signed, is_current = self._last.event == CHECKPOINT, self._last.hour == _hour(now)
        waited = hour != now.timestamp() // _SECONDS_OF_AN_HOUR
        if not (is_signed and is_current if waited else is_signed or is_current):
            self._put_checkpoint(file)

    def _sign(self, file: OpenFile) -> None:
        if self._last.event != CHECKPOINT:
            self._put_checkpoint(file)

    def _put_checkpoint(self, file: OpenFile) -> None:
        lines, last = chained_lines([self._options.key.checkpoint(self._last, self._now())], self._last)
        self._put(file, lines, last)
        self._flush(file)

    def _put_signed(self, file: OpenFile, record: Record) -> None:
        """Write a record and its checkpoint at once, so that no crash leaves one without the other."""
        lines, last = chained_lines([record], self._last)
        signed, last = chained_lines([self._options.key.checkpoint(last, record.time)], last)
        self._put(file, lines + signed, last)

    def _append(self, file: OpenFile, records: Sequence[Record]) -> None:
        lines, last = chained_lines(records, self._last)
        try:
            self._put(file, lines, last)
        except PartialWriteError as error:
            self._appended += sum(end <= error.written for end in accumulate(map(len, lines)))
            raise
        self._appended += len(records)  # Also if the flush fails, so that nobody writes them again.
        self._flush(file)

    def _flush(self, file: OpenFile) -> None:
        if self._options.durable:
            os.fdatasync(file.descriptor)

    def _put(self, file: OpenFile, lines: Sequence[bytes], last: LastLine) -> None:
        content = b"".join(lines)
        write_all(file.descriptor, content)
        self._last, self._size = last, self._size + len(content)

    def _leave_file(self) -> None:
        if self._file:
            self._file.close()
            self._file = None


def _hour(time: datetime) -> str:
    return LastLine(time=render_time(time)).hour


def _cause(error: Exception) -> str:
    cause = error.__cause__ if isinstance(error, PartialWriteError) else error
    return getattr(cause, "strerror", None) or str(cause)
