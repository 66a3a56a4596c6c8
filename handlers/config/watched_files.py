"""Which files were read, and how each was then: a later look finds every change since."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from handlers.config.regular_files import NO_ANSWER, Found, Stamp, in_time, look_at, status_of

FileStamps = Mapping[Path, Stamp]

_noted: ContextVar[dict[Path, Stamp]] = ContextVar("noted")


@contextmanager
def record_files() -> Iterator[FileStamps]:
    """While the block runs, note every file that is read, or cannot be read, as it was the first time."""
    noted: dict[Path, Stamp] = {}
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


def read(path: Path) -> Found:
    """Look at a file, and note it. TimeoutError, with path and cause, if its file system gives no answer."""
    found = None
    try:
        found = look_at(path)
    finally:
        _noted.get({}).setdefault(path, found.stamp if found else NO_ANSWER)
    return found


def any_status_changed(files: FileStamps) -> bool:
    """Whether one of the files has another status than when it was read, or gives no answer."""
    try:
        return in_time(frozenset(files), lambda: any(status_of(path) != stamp.status for path, stamp in files.items()))
    except TimeoutError:
        return True


def all_stamps_match(files: FileStamps) -> bool:
    """Whether status and bytes of all files are the same as when they were read."""
    return all(_stamp(path) == stamp for path, stamp in files.items())


def _stamp(path: Path) -> Stamp:
    try:
        return look_at(path).stamp
    except TimeoutError:
        return NO_ANSWER
