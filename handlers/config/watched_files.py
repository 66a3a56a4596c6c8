"""Records the state of each file when it is read, so that a later check finds every change since."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from handlers.config.regular_files import (
    NO_ANSWER,
    FileRead,
    FileStamp,
    call_with_timeout,
    read_regular_file,
    status_of,
)

FileStamps = Mapping[Path, FileStamp]

_recorded: ContextVar[dict[Path, FileStamp]] = ContextVar("recorded")


@contextmanager
def record_files() -> Iterator[FileStamps]:
    """While the block runs, record the stamp of every file at its first reading, even if the reading fails."""
    stamps: dict[Path, FileStamp] = {}
    token = _recorded.set(stamps)
    try:
        yield stamps
    finally:
        _recorded.reset(token)


def read(path: Path) -> FileRead:
    """Read a file and record its stamp.

    Raises:
        TimeoutError: The file system did not answer in time. The message has the path and the cause.
    """
    file = None
    try:
        file = read_regular_file(path)
    finally:
        _recorded.get({}).setdefault(path, file.stamp if file else NO_ANSWER)
    return file


def any_status_changed(files: FileStamps) -> bool:
    """Whether the status of any file differs from its stamp, or the file system does not answer in time."""

    def differs() -> bool:
        return any(status_of(path) != stamp.status for path, stamp in files.items())

    try:
        return call_with_timeout(frozenset(files), differs)
    except TimeoutError:
        return True


def all_stamps_match(files: FileStamps) -> bool:
    """Whether the status and the content of every file match its stamp."""
    return all(_stamp(path) == stamp for path, stamp in files.items())


def _stamp(path: Path) -> FileStamp:
    try:
        return read_regular_file(path).stamp
    except TimeoutError:
        return NO_ANSWER
