"""Locks that other processes hold: nobody waits for one without an end, and nobody waits long without a word."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import TypeVar

import structlog

BUSY_SECONDS = 0.2
"""How long to wait for another process's transaction: twice that (the batch before, then one's own) is in time."""

START_SECONDS = 10.0
"""How long a server that starts waits for another process's lock."""

TELL_AFTER_SECONDS = 1.0
"""Who waits longer than this says so, once."""

_RETRY_SECONDS = 0.01
_LOCKED = "another process holds its lock"

Result = TypeVar("Result")

_log = structlog.get_logger()


class LockedError(Exception):
    """Another process holds a lock for too long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{_LOCKED}, and has for {seconds:g} s; end that process, which lslocks names")


def is_locked(error: Exception) -> bool:
    """Whether an error says that another process holds a lock."""
    return isinstance(error, BlockingIOError) or getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


class Waiting:
    """For another process's lock: it has an end, and after a moment it says so."""

    def __init__(self, path: Path, patience_seconds: float) -> None:
        self._path = path
        self._patience_seconds = patience_seconds
        self._began = time.monotonic()
        self._told = False

    def until_free(self, attempt: Callable[[], Result]) -> Result:
        """Try until no other process is in the way; LockedError if that is too long."""
        while True:
            try:
                return attempt()
            except (BlockingIOError, sqlite3.OperationalError) as error:
                if not is_locked(error):
                    raise
                self._wait(error)

    def _wait(self, cause: Exception) -> None:
        waited = time.monotonic() - self._began
        if waited > self._patience_seconds:
            raise LockedError(self._patience_seconds) from cause
        if waited > TELL_AFTER_SECONDS and not self._told:
            _log.warning("state.waiting", file=str(self._path), cause=_LOCKED, seconds=self._patience_seconds)
            self._told = True
        time.sleep(_RETRY_SECONDS)


def execute(connection: sqlite3.Connection, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
    """Execute a statement that takes a lock; sqlite3.OperationalError after `BUSY_SECONDS` of another's work.

    SQLite's own waiting sleeps longer and longer, up to 0.1 s, and so never meets the moment between two transactions
    of a process that has much to write.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return connection.execute(statement, values)
        except sqlite3.OperationalError as error:
            if not is_locked(error) or time.monotonic() > deadline:
                raise


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Processes make, open and replace the file one after the other: SQLite's WAL cannot be begun by two.

    Raises:
        BlockingIOError: another process is at it.
        OSError: the folder cannot be opened.
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
