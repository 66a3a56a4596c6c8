"""A loss of data in a SQLite file: readable rows are copied, and requests that depend on lost rows are refused."""

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from handlers.state.microseconds import SECOND, is_time
from handlers.state.port import ALL_TOKENS, LOSS_SECONDS, SIGNED_REQUESTS

REVOKE = """INSERT INTO revoked VALUES (?, ?, ?)
    ON CONFLICT (subject) DO UPDATE SET at = max(at, excluded.at), until = max(until, excluded.until)"""

_READ = {
    "seen": "SELECT key, first, until FROM seen ORDER BY key",
    "revoked": "SELECT subject, at, until FROM revoked ORDER BY subject",
    "suspended": "SELECT client_key, at FROM suspended ORDER BY client_key",
}
_WRITE = {
    "seen": "INSERT INTO seen VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING",
    "revoked": REVOKE,
    "suspended": "INSERT INTO suspended VALUES (?, ?) ON CONFLICT (client_key) DO NOTHING",
}

Row = tuple[str | int, ...]


@dataclass
class CopiedRows:
    """How many rows of each table were copied, whether these are all rows, and the time of the newest row.

    The time is in microseconds since 1970. It is 0 if there is no row.
    """

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_READ, 0))
    complete: bool = True
    newest: int = 0


def copy_readable_rows(old: sqlite3.Connection, new: sqlite3.Connection) -> CopiedRows:
    """Copy every readable row, in one transaction. An error of the old database only ends the reading of a table.

    Raises:
        sqlite3.Error: The new database cannot be written.
    """
    copied = CopiedRows()
    new.execute("BEGIN IMMEDIATE")
    for table in _tables(old):
        new.executemany(_WRITE[table], _readable(old, table, copied))
    new.execute("COMMIT")
    return copied


def _tables(old: sqlite3.Connection) -> list[str]:
    """Return the tables that the old database should have. Version 1 of the schema has no suspensions."""
    version = 0
    with suppress(sqlite3.DatabaseError):
        (version,) = old.execute("PRAGMA user_version").fetchone()
    return [table for table in _WRITE if version != 1 or table != "suspended"]


def _readable(old: sqlite3.Connection, table: str, copied: CopiedRows) -> Iterator[Row]:
    """Yield the rows from the first key up to an unreadable one, and then from the last key down to it.

    Damaged pages may return values of any type. A row without possible times counts as unreadable, and is skipped.
    """
    for order in ("", " DESC"):
        try:
            for row in old.execute(_READ[table] + order):
                if not all(map(is_time, row[1:])):
                    copied.complete = False
                    continue
                copied.counts[table] += 1
                copied.newest = max(copied.newest, row[1])
                yield row
        except sqlite3.DatabaseError:
            copied.complete = False
        else:
            return


def record_data_loss(connection: sqlite3.Connection, now: int, signed: int = 0) -> None:
    """Revoke every token issued up to `now`, and refuse every request signed up to `now`, or up to `signed` if later.

    Times are in microseconds since 1970. `signed` is the latest X-TIMESTAMP that was seen, because clients may be ahead
    of us.
    """
    signed = max(now, signed)
    for subject, at in ((ALL_TOKENS, now), (SIGNED_REQUESTS, signed)):
        connection.execute(REVOKE, (subject, at, at + LOSS_SECONDS * SECOND))
