"""Which files were read, and what each was before that: whoever looks later sees every change since."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

Stamp = tuple[int, ...] | None
"""What differs once a file has changed; None if it cannot be looked at."""

_noted: ContextVar[dict[Path, Stamp]] = ContextVar("noted")


@contextmanager
def files_read() -> Iterator[dict[Path, Stamp]]:
    """Within it, every file that is read, or was to be read, is noted."""
    noted: dict[Path, Stamp] = {}
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


def note(path: Path) -> None:
    """Note a file that is about to be read: a change while it is read, or by another reading, is one since."""
    _noted.get({}).setdefault(path, stamp(path))


def stamp(path: Path) -> Stamp:
    """Of the file itself, whatever links lead to it.

    The time of the last change of status is the one that nobody can set, and that a new mode or owner changes too.
    """
    try:
        found = path.stat()
    except (OSError, ValueError):  # ValueError: it is no path at all.
        return None
    return found.st_dev, found.st_ino, found.st_ctime_ns, found.st_mtime_ns, found.st_size
