"""Reads a SQLite file of which it is not known yet who made it, without changing it."""

import sqlite3
from pathlib import Path
from stat import S_ISREG

from handlers.state.sqlite.file import require_sound, require_supported
from handlers.state.sqlite.paths import companions


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Connect so that SQLite changes and creates no file.

    Without its companions the file is complete, and SQLite would create them. `immutable` keeps it from that. With
    them, a server may use the file, and SQLite takes part in their locks.

    Raises:
        ValueError: It is not a regular file.
        sqlite3.Error, OSError: The file cannot be opened.
    """
    if not S_ISREG(path.stat().st_mode):
        message = "it is not a regular file"
        raise ValueError(message)
    file = path.resolve(strict=True)
    is_complete = not any(each.exists() for each in companions(file))
    return sqlite3.connect(
        f"{file.as_uri()}?mode=ro{'&immutable=1' if is_complete else ''}", uri=True, isolation_level=None
    )


def require_ours(connection: sqlite3.Connection) -> None:
    """Raise ValueError if another program made the file. An empty file may be ours."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if tables and "seen" not in tables:
        message = "it is the database of another program"
        raise ValueError(message)


def version_of(connection: sqlite3.Connection) -> int:
    """Return the version of the schema. It is 0 if there is none."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def require_usable(connection: sqlite3.Connection) -> None:
    """Check a file whose rows are needed.

    Raises:
        ValueError: The file belongs to another program or to a newer version, or it is empty.
        DamagedError, sqlite3.DatabaseError: The file is damaged.
    """
    require_ours(connection)
    version = version_of(connection)
    if version == 0:
        message = "it is empty"
        raise ValueError(message)
    require_supported(version)
    require_sound(connection)
