"""`sqlite:///`: one file that the processes of one machine share; the default.

Commits are grouped: the calls that come while one transaction is written share the next. `synchronous` is FULL: a
call is answered once its transaction is on the disk, so neither `kill -9` nor a loss of power makes the server
forget a request it has answered (as far as the disk keeps what it says it has written). NORMAL would forget the last
ones at a loss of power; with 64 calls at once the two measure alike, and a lone call takes 0.4 ms in place of 0.3.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import orjson

from handlers.state.batches import Batches, in_time
from handlers.state.microseconds import SECOND, from_microseconds, to_microseconds
from handlers.state.port import StateDownError
from handlers.state.sqlite_file import execute, open_file

SWEPT_FOR_EACH = 2
"""How many rows that are over go for each that comes: the file shrinks to what is live, and no call waits long."""

# A batch is one statement each, whatever its size: between statements the thread must win back the interpreter
# from the event loop, which takes up to 5 ms when that is busy.
_KNOWN = """SELECT json_group_array(json_array(key, first, until))
    FROM seen WHERE key IN (SELECT value FROM json_each(?))"""
_REMEMBER = """INSERT OR REPLACE INTO seen (key, first, until)
    SELECT json_extract(value, '$.key'), json_extract(value, '$.now'), json_extract(value, '$.until')
    FROM json_each(?)"""
_SWEEP = "DELETE FROM seen WHERE key IN (SELECT key FROM seen WHERE until <= ? ORDER BY until LIMIT ?)"
_REVOKE = """INSERT INTO revoked VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET at = max(at, excluded.at), until = max(until, excluded.until)"""
_REVOKED = "SELECT subject, at FROM revoked WHERE until > ?"
_SWEEP_REVOKED = "DELETE FROM revoked WHERE until <= ?"

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Sighting:
    """Of a key, with the time and the end of its being remembered, in microseconds."""

    key: str
    now: int
    until: int


class SqliteState:
    """One thread with one connection writes; after any failure the file is opened anew."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it; ValueError, with the path and the cause, if that cannot be."""
        try:
            self._connection: sqlite3.Connection | None = open_file(path)
        except (OSError, sqlite3.Error, ValueError) as error:
            message = f"{path} cannot be used: {getattr(error, 'strerror', None) or error}"
            raise ValueError(message) from error
        self._path = path
        self._thread = ThreadPoolExecutor(1, "state")
        self._sightings = Batches(self._see)

    async def first_seen(self, key: str, ttl_seconds: int, now: datetime) -> datetime | None:
        """As the port has it."""
        at = to_microseconds(now)
        first = await self._sightings.call(_Sighting(key, at, at + ttl_seconds * SECOND))
        return None if first is None else from_microseconds(first)

    async def _see(self, sightings: Sequence[_Sighting]) -> Sequence[int | None]:
        return await self._with_file(lambda connection: _see(connection, sightings))

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """As the port has it."""
        start = to_microseconds(at)
        until = start + ttl_seconds * SECOND
        await in_time(self._with_file(lambda connection: _revoke(connection, subject, start, until)))

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """As the port has it; a read, which waits for no other process."""
        moment = (to_microseconds(now),)
        rows = await in_time(self._with_file(lambda connection: execute(connection, _REVOKED, moment).fetchall()))
        return {subject: from_microseconds(at) for subject, at in rows}

    async def close(self) -> None:
        """Finish what is under way and close the file."""
        with suppress(StateDownError):
            await in_time(self._in_thread(self._disconnect))
        self._thread.shutdown(wait=False)

    async def _with_file(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        return await self._in_thread(lambda: self._do(work))

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _do(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        try:
            self._connection = self._connection or open_file(self._path)
            return work(self._connection)
        except BaseException:
            self._disconnect()
            raise

    def _disconnect(self) -> None:
        """Close the connection, which undoes what was not committed."""
        connection, self._connection = self._connection, None
        if connection:
            connection.close()


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    execute(connection, "BEGIN IMMEDIATE")
    yield
    connection.execute("COMMIT")


def _see(connection: sqlite3.Connection, sightings: Sequence[_Sighting]) -> list[int | None]:
    with _transaction(connection):
        (known,) = connection.execute(_KNOWN, (_json([each.key for each in sightings]),)).fetchone()
        firsts, fresh = _decide({key: (first, until) for key, first, until in orjson.loads(known)}, sightings)
        if fresh:
            connection.execute(_REMEMBER, (_json(fresh),))
            connection.execute(_SWEEP, (min(each.now for each in sightings), SWEPT_FOR_EACH * len(fresh)))
    return firsts


def _decide(
    known: dict[str, tuple[int, int]], sightings: Sequence[_Sighting]
) -> tuple[list[int | None], list[_Sighting]]:
    """When each was first seen, and those that are to be remembered."""
    firsts: list[int | None] = []
    fresh = []
    for sighting in sightings:
        first, until = known.get(sighting.key, (0, 0))
        if until > sighting.now:
            firsts.append(first)
        else:
            known[sighting.key] = sighting.now, sighting.until
            firsts.append(None)
            fresh.append(sighting)
    return firsts, fresh


def _revoke(connection: sqlite3.Connection, subject: str, at: int, until: int) -> None:
    with _transaction(connection):
        connection.execute(_SWEEP_REVOKED, (at,))
        connection.execute(_REVOKE, (subject, at, until))


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
