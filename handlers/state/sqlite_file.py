"""The file of `sqlite:///`: its owner's alone, of a schema this version knows, ready for several processes."""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from pathlib import Path

VERSION = 2
"""Of the schema; stands in the file as `PRAGMA user_version`."""

BUSY_SECONDS = 0.2
"""How long to wait for another process's transaction: twice that (the batch before, then one's own) is in time."""

CHECKPOINT_PAGES = 4_000
"""How much is written ahead, 16 MB, before it is worked into the database, which the next commit waits for.

With SQLite's own 1,000 that came twice a second under load, and one commit in a hundred took 3 ms in place of 0.6.
"""

_POLL_MILLISECONDS = 1
_GROUP_AND_OTHERS = 0o077
_SUSPENDED = "CREATE TABLE suspended (client_key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID"
_SCHEMA = (
    "CREATE TABLE seen (key TEXT PRIMARY KEY, first INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX seen_until ON seen (until)",
    "CREATE TABLE revoked (subject TEXT PRIMARY KEY, at INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID",
    _SUSPENDED,
    f"PRAGMA user_version = {VERSION}",
)
_FROM_1_TO_2 = (_SUSPENDED, "PRAGMA user_version = 2")


def open_file(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, usable from any one thread at a time; the file is made if there is none.

    Raises:
        ValueError: the file is another program's, of a newer version, or others than its owner can use it.
        sqlite3.Error: it cannot be read or written.
        OSError: it cannot be made.
    """
    with _alone_in(path.parent):
        _make(path)
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
    return connection


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
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Processes that start at the same time make the file one after the other: SQLite's WAL cannot be begun by two."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        flock(descriptor, LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _make(path: Path) -> None:
    """SQLite gives its `-wal` and `-shm` files the mode that this file has."""
    # An existing file is not opened here: closing it would drop the locks that SQLite holds on it in this process.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    if path.stat().st_mode & _GROUP_AND_OTHERS:
        message = f"others than its owner can use it; run: chmod 600 {path}"
        raise ValueError(message)


def _prepare(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        message = f"a newer version of this server made it (schema {version}; this one knows {VERSION})"
        raise ValueError(message)
    if version == 0:
        _create(connection)
    if version == 1:
        _apply(connection, _FROM_1_TO_2)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA busy_timeout = {_POLL_MILLISECONDS}")  # From here on `execute` waits.


def _create(connection: sqlite3.Connection) -> None:
    if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        message = "it is the database of another program"
        raise ValueError(message)
    connection.execute("PRAGMA journal_mode = WAL")
    _apply(connection, _SCHEMA)


def _apply(connection: sqlite3.Connection, statements: Sequence[str]) -> None:
    """All of them or none."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in statements:
        connection.execute(statement)
    connection.execute("COMMIT")
