"""Waits for locks of other processes. Every wait has a timeout, and the log reports a long wait."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import TypeVar

import structlog

from handlers.state.port import TIMEOUT_SECONDS

COMMIT_SECONDS = 0.1
"""The part of a call's time that is left for its own commit. On a disk that other programs kept busy, 99 of 100 commits
took less than 0.06 s, and all of them less than 0.2 s."""

BUSY_SECONDS = TIMEOUT_SECONDS - COMMIT_SECONDS
"""The longest wait for a transaction of another process. On that disk, waits of 0.2 s and 0.3 s happened too."""

START_SECONDS = 10.0
"""The longest wait of a starting server for a lock of another process."""

LOG_AFTER_SECONDS = 1.0
"""A longer wait is logged, once."""

_RETRY_SECONDS = 0.01
_LOCKED = "another process holds its lock"

Result = TypeVar("Result")

_log = structlog.get_logger()


class LockedError(Exception):
    """Another process held a lock for too long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{_LOCKED} for more than {seconds:g} s; end that process (lslocks shows it)")


def is_locked(error: Exception) -> bool:
    """Whether the error means that another process holds a lock."""
    return isinstance(error, BlockingIOError) or getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


class LockWait:
    """Waits for a lock of another process, up to a timeout. The log reports a long wait."""

    def __init__(self, path: Path, timeout_seconds: float) -> None:
        self._path = path
        self._timeout_seconds = timeout_seconds
        self._began = time.monotonic()
        self._logged = False

    def retry(self, attempt: Callable[[], Result]) -> Result:
        """Repeat the attempt until no other process holds the lock.

        Raises:
            LockedError: The timeout has passed.
        """
        while True:
            try:
                return attempt()
            except (BlockingIOError, sqlite3.OperationalError) as error:
                if not is_locked(error):
                    raise
                self._wait(error)

    def _wait(self, cause: Exception) -> None:
        waited = time.monotonic() - self._began
        if waited > self._timeout_seconds:
            raise LockedError(self._timeout_seconds) from cause
        if waited > LOG_AFTER_SECONDS and not self._logged:
            _log.warning("state.waiting", file=str(self._path), cause=_LOCKED, seconds=self._timeout_seconds)
            self._logged = True
        time.sleep(_RETRY_SECONDS)


def execute(connection: sqlite3.Connection, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
    """Execute a statement that takes a lock, and wait for the lock up to `BUSY_SECONDS`.

    SQLite itself waits with longer and longer sleeps, up to 0.1 s. So it misses the short moments between two
    transactions of a busy process.

    Raises:
        sqlite3.OperationalError: Another process held the lock for too long, or the statement failed.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return connection.execute(statement, values)
        except sqlite3.OperationalError as error:
            if not is_locked(error) or time.monotonic() > deadline:
                raise


@contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """Within the block, no other process creates, opens or replaces the file. Two processes cannot start SQLite's WAL.

    Raises:
        BlockingIOError: Another process holds this lock.
        OSError: The folder cannot be opened.
    """
    descriptor = os.open(path.resolve().parent, os.O_RDONLY)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(folder: int) -> None:
    try:
        flock(folder, LOCK_EX | LOCK_NB)
    except BlockingIOError as error:
        raise BlockingIOError(error.errno, _LOCKED) from error
