"""Detects when the path no longer leads to the files that SQLite has open. SQLite itself does not notice."""

import os
from contextlib import suppress
from pathlib import Path

from handlers.state.sqlite.file import DamagedError
from handlers.state.sqlite.paths import companions

_HEADER = b"SQLite format 3\0"
"""Every database begins with these bytes (SQLite, Database File Format, 1.3)."""


class FileChangedError(Exception):
    """One of the files is missing, or is another file now."""


class FileWatch:
    """The identity and sizes of the files when a connection to the database was opened. A check takes 7 microseconds.

    The watch keeps the database file open. Closing the watch drops the locks that SQLite has on that file in this
    process. So close the connection first, and have no other connection in this process.
    """

    def __init__(self, path: Path) -> None:
        """Start to watch.

        Raises:
            OSError: One of the files does not exist.
        """
        self._names = [str(each) for each in (path, *companions(path))]
        found = [_stat(name) for name in self._names]
        self._identities = [_identity(each) for each in found]
        self._sizes = [each.st_size for each in found]
        self._descriptor = os.open(path, os.O_RDONLY)

    @property
    def is_at_path(self) -> bool:
        """Whether the path leads to the database file, even if the file is damaged or has lost its companions."""
        try:
            return _identity(_stat(self._names[0])) == self._identities[0]
        except OSError:
            return False

    def require_unchanged(self) -> None:
        """Check the files.

        Raises:
            FileChangedError: One of the files is missing or is another file, or the log became shorter.
            DamagedError: The database became shorter, or its header is overwritten.
        """
        database, log, index = [self._size(*each) for each in zip(self._names, self._identities, strict=True)]
        damage = "it became shorter" if database < self._sizes[0] else ""
        if os.pread(self._descriptor, len(_HEADER), 0) != _HEADER:
            damage = "its header is overwritten"
        if damage:
            raise DamagedError(damage)
        if log < self._sizes[1]:
            message = f"{self._names[1]} became shorter"
            raise FileChangedError(message)
        self._sizes = [database, log, index]

    @staticmethod
    def _size(name: str, identity: tuple[int, int]) -> int:
        try:
            found = _stat(name)
        except OSError as error:
            message = f"{name}: {error.strerror}"
            raise FileChangedError(message) from error
        if _identity(found) != identity:
            message = f"{name} is another file now"
            raise FileChangedError(message)
        return found.st_size

    def drop_companions(self) -> None:
        """Remove this database's companions from the path, so that the next database there does not use them."""
        for name, identity in list(zip(self._names, self._identities, strict=True))[1:]:
            with suppress(FileNotFoundError):
                if _identity(_stat(name)) == identity:
                    Path(name).unlink()

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def _stat(name: str) -> os.stat_result:
    return os.stat(name)  # noqa: PTH116  Path.stat takes 50 % longer, and every call needs it


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
