"""Opens the SQLite file: only its owner can use it, its schema is known, and several processes can share it."""

import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISREG

import structlog

from handlers.state.microseconds import machine_time
from handlers.state.sqlite.data_loss import record_data_loss
from handlers.state.sqlite.locks import BUSY_SECONDS, LockWait, exclusive_lock
from handlers.state.sqlite.paths import companions, damage_marker, kept_path, require_access

VERSION = 2
"""The version of the schema. `PRAGMA user_version` stores it in the file.

A new version only adds tables. So an older version of the server can copy the rows of a newer file (see `restore`).
"""

BACKUP_NUMBER = -1
"""The `application_id` of a backup. A state file has a random number above 0 there, which identifies it."""

CHECKPOINT_PAGES = 4_000
"""The size of the write-ahead log at which a commit copies it into the database: 4,000 pages, or 16 MB.

With SQLite's default of 1,000 pages that happened twice a second under load, and one commit in a hundred took 3 ms
instead of 0.6 ms.
"""

REPAIR = "run: snap-token state repair --config FILE"
RESTORE = "restore an older backup: snap-token state restore BACKUP --config FILE"

_log = structlog.get_logger()
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
    """The file is damaged. The message says what is wrong, and which command repairs it."""

    def __init__(self, cause: object) -> None:
        super().__init__(f"it is damaged ({cause}); {REPAIR}")


def open_file(
    path: Path, now: int | None = None, timeout_seconds: float = BUSY_SECONDS, *, thorough: bool = False
) -> sqlite3.Connection:
    """Open a connection in autocommit mode. One thread at a time may use it. The file is created if there is none.

    If there are signs of a loss of data, `now` counts as the time of the loss. It is in microseconds since 1970, and
    the default is the time of the machine's clock. `thorough` checks the whole file, which takes 0.4 s for a million
    rows, and writes to it.

    Raises:
        ValueError: The file belongs to another program or to a newer version, or others than its owner can use it.
        DamagedError: The file is damaged.
        LockedError: Another process locks the file or its folder for longer than `timeout_seconds`.
        sqlite3.Error: The file cannot be read or written.
        OSError: The file cannot be created.
    """
    lock_wait = LockWait(path, timeout_seconds)
    connection = lock_wait.retry(lambda: _opened(path, machine_time() if now is None else now))
    if thorough:
        with _close_on_error(connection):
            require_sound(connection)
            lock_wait.retry(lambda: connection.execute(f"PRAGMA user_version = {VERSION}"))
    return connection


@contextmanager
def _close_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    """Close the connection after any error. If SQLite reports damage, DamagedError is raised."""
    try:
        yield
    except BaseException as error:
        connection.close()
        if is_damage(error):
            raise DamagedError(error) from error
        raise


def _opened(path: Path, now: int) -> sqlite3.Connection:
    with exclusive_lock(path):
        return connect(path, now)


def is_damage(error: BaseException) -> bool:
    """Whether SQLite reports with this error that the file is damaged."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in _DAMAGE or code == sqlite3.SQLITE_IOERR_SHORT_READ


def connect(path: Path, now: int, *, is_unfinished: bool = False) -> sqlite3.Connection:
    """Open the file as `open_file` does, but try only once. The caller must hold `exclusive_lock`.

    `is_unfinished`: the caller has set the damage marker itself, and removes it when it has copied the rows.
    """
    is_lost = _has_stray_companion(path)
    if is_lost:
        drop_companions(path)
    _create(path)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    with _close_on_error(connection):
        is_backup = _is_backup(connection)
        _prepare(connection)
        if is_lost or is_backup or (damage_marker(path).exists() and not is_unfinished):
            record_data_loss(connection, now)
            damage_marker(path).unlink(missing_ok=True)
        if is_backup:
            connection.execute(f"PRAGMA application_id = {_new_number()}")
            _log.error("state.replaced", file=str(path), cause="a backup is in its place", lost=True)
    return connection


def _is_backup(connection: sqlite3.Connection) -> bool:
    """Whether somebody copied a backup to the path. What happened after the backup was made is lost."""
    (number,) = connection.execute("PRAGMA application_id").fetchone()
    return bool(number == BACKUP_NUMBER)


def _new_number() -> int:
    return secrets.randbelow(2**31 - 1) + 1


def _has_stray_companion(path: Path) -> bool:
    """Whether somebody removed one of the files while a process used the database.

    SQLite creates the log before the index, and removes the log after the index. So it never leaves an index alone.
    """
    log, index = companions(path)
    if path.exists() and path.stat().st_size:
        # Checked twice, because the last process may close the database and remove both files in between.
        return index.exists() and not log.exists() and index.exists()
    return log.exists() or index.exists()


def move_aside(path: Path) -> Path:
    """Move the file and its companions to the path of a replaced file. Return the file's new path."""
    kept = kept_path(path)
    for each, other in zip((path.resolve(), *companions(path)), (kept, *companions(kept)), strict=True):
        with suppress(FileNotFoundError):
            each.rename(other)
    return kept


def drop_companions(path: Path) -> None:
    """Remove the companions, so that a new database does not use them. A process that has them open keeps them."""
    for each in companions(path):
        each.unlink(missing_ok=True)


def _create(path: Path) -> None:
    """Create the file with mode 0600. SQLite gives its `-wal` and `-shm` files the same mode."""
    # An existing file is not opened here. Closing it would drop the locks that SQLite has on it in this process.
    with suppress(FileExistsError):
        os.close(os.open(path.resolve(), os.O_CREAT | os.O_EXCL, 0o600))
    mode = path.stat().st_mode
    if not S_ISREG(mode):
        message = "it is not a regular file"
        raise ValueError(message)
    if mode & _GROUP_AND_OTHERS:
        message = f"other users can access it; run: chmod 600 {path}"
        raise ValueError(message)
    require_access(path)


def _prepare(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    require_supported(version)
    if version == 0:
        _require_empty(connection)
    connection.execute("PRAGMA journal_mode = WAL")
    if version == 0:
        _apply(connection, _SCHEMA)
    if version == 1:
        _apply(connection, [_SUSPENDED])
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA busy_timeout = {_POLL_MILLISECONDS}")  # From here on, `execute` waits for locks.


def require_supported(version: int) -> None:
    """Raise ValueError if a newer version of this server created the file."""
    if version > VERSION:
        message = (
            f"a newer version of this server created it (schema {version}; this version supports {VERSION}); "
            f"install that version, or {RESTORE}"
        )
        raise ValueError(message)


def _require_empty(connection: sqlite3.Connection) -> None:
    if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        message = "it is the database of another program"
        raise ValueError(message)


def _apply(connection: sqlite3.Connection, statements: Sequence[str]) -> None:
    """Apply all statements or none. Then the file has this version, and a random number that identifies it."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in (*statements, f"PRAGMA application_id = {_new_number()}", f"PRAGMA user_version = {VERSION}"):
        connection.execute(statement)
    connection.execute("COMMIT")


def require_sound(connection: sqlite3.Connection) -> None:
    """Raise DamagedError if a page of the file is damaged."""
    (result,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if result != "ok":
        raise DamagedError(result)
