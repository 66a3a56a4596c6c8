"""Whether the path still leads to the files that SQLite has open: it goes on with them when they are gone."""

import os
from contextlib import suppress
from pathlib import Path

from handlers.state.sqlite.file import DamagedError, companions

_BEGINNING = b"SQLite format 3\0"
"""Of every database (SQLite, Database File Format, 1.3)."""


class ChangedError(Exception):
    """One of the files is another one, or gone."""


class Watch:
    """The files as they were when a connection to the database was opened; looking at them takes 7 microseconds.

    The database itself is held open, and closing it drops the locks that SQLite has on it in this process. So close
    the connection first, and have no other one in this process.
    """

    def __init__(self, path: Path) -> None:
        """OSError if one of them is not there."""
        self._names = [str(each) for each in (path, *companions(path))]
        found = [_stat(name) for name in self._names]
        self._known = [_identity(each) for each in found]
        self._sizes = [each.st_size for each in found]
        self._descriptor = os.open(path, os.O_RDONLY)

    @property
    def is_at_path(self) -> bool:
        """Whether the path leads to the database, whatever is in it and beside it."""
        try:
            return _identity(_stat(self._names[0])) == self._known[0]
        except OSError:
            return False

    def require_same(self) -> None:
        """Look.

        Raises:
            ChangedError: one of the files is another one or gone, or the log was cut off.
            DamagedError: the database was cut off, or its beginning is overwritten.
        """
        database, log, index = [self._size(*each) for each in zip(self._names, self._known, strict=True)]
        damage = "it has become shorter" if database < self._sizes[0] else ""
        if os.pread(self._descriptor, len(_BEGINNING), 0) != _BEGINNING:
            damage = "its beginning is overwritten"
        if damage:
            raise DamagedError(damage)
        if log < self._sizes[1]:
            message = f"{self._names[1]} has become shorter"
            raise ChangedError(message)
        self._sizes = [database, log, index]

    @staticmethod
    def _size(name: str, known: tuple[int, int]) -> int:
        try:
            found = _stat(name)
        except OSError as error:
            message = f"{name}: {error.strerror}"
            raise ChangedError(message) from error
        if _identity(found) != known:
            message = f"{name} is another file now"
            raise ChangedError(message)
        return found.st_size

    def drop_companions(self) -> None:
        """Remove those at the path that are of this database: the next one there must not take them for its own."""
        for name, known in list(zip(self._names, self._known, strict=True))[1:]:
            with suppress(FileNotFoundError):
                if _identity(_stat(name)) == known:
                    Path(name).unlink()

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


def _stat(name: str) -> os.stat_result:
    return os.stat(name)  # noqa: PTH116  a Path takes half as long again, before each answer


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
