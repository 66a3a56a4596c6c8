"""Memory that is lost, in a file of SQLite: what can still be read is carried over, the rest is refused for a while."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field

from handlers.state.microseconds import SECOND
from handlers.state.port import ALL_TOKENS, LOSS_SECONDS, SIGNED_REQUESTS

REVOKE = """INSERT INTO revoked VALUES (?, ?, ?)
    ON CONFLICT (subject) DO UPDATE SET at = max(at, excluded.at), until = max(until, excluded.until)"""

# From damaged pages come values of any kind: those that are no numbers are left.
_READ = {
    "seen": "SELECT key, first, until FROM seen WHERE typeof(first + until) = 'integer' ORDER BY key",
    "revoked": "SELECT subject, at, until FROM revoked WHERE typeof(at + until) = 'integer' ORDER BY subject",
    "suspended": "SELECT client_key, at FROM suspended WHERE typeof(at) = 'integer' ORDER BY client_key",
}
_WRITE = {
    "seen": "INSERT INTO seen VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING",
    "revoked": REVOKE,
    "suspended": "INSERT INTO suspended VALUES (?, ?) ON CONFLICT (client_key) DO NOTHING",
}

Row = tuple[str | int, ...]


@dataclass
class Carried:
    """How many rows of each table were read, and whether that was all there was."""

    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_READ, 0))
    whole: bool = True


def carry_over(old: sqlite3.Connection, new: sqlite3.Connection) -> Carried:
    """Copy what can be read, in one transaction; errors of the old one are passed over, those of the new are raised."""
    carried = Carried()
    new.execute("BEGIN IMMEDIATE")
    for table, statement in _WRITE.items():
        new.executemany(statement, _readable(old, table, carried))
    new.execute("COMMIT")
    return carried


def _readable(old: sqlite3.Connection, table: str, carried: Carried) -> Iterator[Row]:
    """From the first key on up to what cannot be read, and then from the last key down to it."""
    for order in ("", " DESC"):
        try:
            for row in old.execute(_READ[table] + order):
                carried.rows[table] += 1
                yield row
        except sqlite3.DatabaseError:
            carried.whole = False
        else:
            return


def refuse_what_was_before(connection: sqlite3.Connection, now: int, signed: int = 0) -> None:
    """Cover every token that was issued up to `now`, and every request signed up to `now`, or up to `signed` if later.

    Times are in microseconds. `signed` is the latest X-TIMESTAMP that is known: clients may be ahead of us.
    """
    signed = max(now, signed)
    for subject, at in ((ALL_TOKENS, now), (SIGNED_REQUESTS, signed)):
        connection.execute(REVOKE, (subject, at, at + LOSS_SECONDS * SECOND))
