"""The file of `sqlite:///`: its owner's alone, of a schema this version knows, ready for several processes."""

import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG

from handlers.state.microseconds import machine_time
from handlers.state.sqlite.data_loss import refuse_what_was_before
from handlers.state.sqlite.locks import BUSY_SECONDS, Waiting, alone_with

VERSION = 2
"""Of the schema; stands in the file as `PRAGMA user_version`."""

CHECKPOINT_PAGES = 4_000
"""How much is written ahead, 16 MB, before it is worked into the database, which the next commit waits for.

With SQLite's own 1,000 that came twice a second under load, and one commit in a hundred took 3 ms in place of 0.6.
"""

COMPANIONS = ("-wal", "-shm")
"""What SQLite lays beside the file while it is open."""

REPAIR = "run: snap-token state repair --config FILE"

_POLL_MILLISECONDS = 1
_GROUP_AND_OTHERS = 0o077
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_SUSPENDED = "CREATE TABLE suspended (client_key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID"
_SCHEMA = (
    "CREATE TABLE seen (key TEXT PRIMARY KEY, first INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX seen_until ON seen (until)",
    "CREATE TABLE revoked (subject TEXT PRIMARY KEY, at INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID",
    _SUSPENDED,
)


class DamagedError(Exception):
    """The file is no sound database any more; the message says what is wrong and which command mends it."""

    def __init__(self, cause: object) -> None:
        super().__init__(f"it is damaged ({cause}); {REPAIR}")


def open_file(
    path: Path, now: int | None = None, patience_seconds: float = BUSY_SECONDS, *, thorough: bool = False
) -> sqlite3.Connection:
    """A connection in autocommit mode, usable from any one thread at a time; the file is made if there is none.

    `now`, in microseconds since 1970, is when the memory counts as lost, if there is a sign of that; without it the
    machine's time. `thorough` looks through the whole file, which takes 0.4 s for a million rows, and writes to it.

    Raises:
        ValueError: the file is another program's, of a newer version, or others than its owner can use it.
        DamagedError: it is no sound database.
        LockedError: another process holds it, or its folder, for longer than `patience_seconds`.
        sqlite3.Error: it cannot be read or written.
        OSError: it cannot be made.
    """
    waiting = Waiting(path, patience_seconds)
    connection = waiting.until_free(lambda: _opened(path, machine_time() if now is None else now))
    if thorough:
        with _closed_by_failure(connection):
            _require_sound(connection)
            waiting.until_free(lambda: connection.execute(f"PRAGMA user_version = {VERSION}"))
    return connection


@contextmanager
def _closed_by_failure(connection: sqlite3.Connection) -> Iterator[None]:
    """What SQLite calls damage is raised as DamagedError."""
    try:
        yield
    except BaseException as error:
        connection.close()
        if is_damage(error):
            raise DamagedError(error) from error
        raise


def _opened(path: Path, now: int) -> sqlite3.Connection:
    with alone_with(path):
        return connect(path, now)


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that what it read is no sound database."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in _DAMAGE or code == sqlite3.SQLITE_IOERR_SHORT_READ


def companions(path: Path) -> list[Path]:
    """Where SQLite lays its other files: beside the file itself, wherever a link to it is."""
    file = path.resolve()
    return [file.with_name(file.name + suffix) for suffix in COMPANIONS]


def connect(path: Path, now: int) -> sqlite3.Connection:
    """As `open_file`, once, for a caller that is `alone_with` the file."""
    lost = _shows_a_loss(path)
    if lost:
        drop_companions(path)
    _make(path)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    with _closed_by_failure(connection):
        _prepare(connection)
        if lost or mark_of_damage(path).exists():
            refuse_what_was_before(connection, now)
            mark_of_damage(path).unlink(missing_ok=True)
    return connection


def mark_of_damage(path: Path) -> Path:
    """An empty file beside a database that was damaged: the next process may find it sound, though memory is lost."""
    file = path.resolve()
    return file.with_name(f"{file.name}-damaged")


def _shows_a_loss(path: Path) -> bool:
    """Whether somebody took one of the files away while a process used it.

    SQLite makes the log before the index and removes it after it, so an index alone is no work of its own.
    """
    log, index = companions(path)
    if path.exists() and path.stat().st_size:
        # Looked at twice: between the two looks the last process may have closed its files and removed both.
        return index.exists() and not log.exists() and index.exists()
    return log.exists() or index.exists()


def set_aside(path: Path) -> Path:
    """Move the file and its companions away; the file's new path."""
    kept = kept_path(path)
    for each, other in zip((path.resolve(), *companions(path)), (kept, *companions(kept)), strict=True):
        with suppress(FileNotFoundError):
            each.rename(other)
    return kept


def kept_path(path: Path) -> Path:
    """Where a file that is replaced is kept: beside it, under a name with the time (UTC, to the microsecond)."""
    file = path.resolve()
    return file.with_name(f"{file.name}.kept-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")


def drop_companions(path: Path) -> None:
    """Whatever has them open goes on with them; a new database must not take them for its own."""
    for each in companions(path):
        each.unlink(missing_ok=True)


def _make(path: Path) -> None:
    """SQLite gives its `-wal` and `-shm` files the mode that this file has."""
    # An existing file is not opened here: closing it would drop the locks that SQLite holds on it in this process.
    with suppress(FileExistsError):
        os.close(os.open(path.resolve(), os.O_CREAT | os.O_EXCL, 0o600))
    mode = path.stat().st_mode
    if not S_ISREG(mode):
        message = "it is no regular file"
        raise ValueError(message)
    if mode & _GROUP_AND_OTHERS:
        message = f"others than its owner can use it; run: chmod 600 {path}"
        raise ValueError(message)


def _prepare(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        message = f"a newer version of this server made it (schema {version}; this one knows {VERSION})"
        raise ValueError(message)
    if version == 0:
        _require_empty(connection)
    connection.execute("PRAGMA journal_mode = WAL")
    if version == 0:
        _apply(connection, _SCHEMA)
    if version == 1:
        _apply(connection, [_SUSPENDED])
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA busy_timeout = {_POLL_MILLISECONDS}")  # From here on `execute` waits.


def _require_empty(connection: sqlite3.Connection) -> None:
    if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        message = "it is the database of another program"
        raise ValueError(message)


def _apply(connection: sqlite3.Connection, statements: Sequence[str]) -> None:
    """All of them or none; then the file is of this version, and has a number that tells it from every other."""
    number = secrets.randbelow(2**31 - 1) + 1
    connection.execute("BEGIN IMMEDIATE")
    for statement in (*statements, f"PRAGMA application_id = {number}", f"PRAGMA user_version = {VERSION}"):
        connection.execute(statement)
    connection.execute("COMMIT")


def _require_sound(connection: sqlite3.Connection) -> None:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise DamagedError(verdict)
