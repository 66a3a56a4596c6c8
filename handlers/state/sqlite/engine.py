"""`sqlite:///`: one file that the processes of one machine share; the default.

Commits are grouped: the calls that come while one transaction is written share the next. `synchronous` is FULL: a
call is answered once its transaction is on the disk, so neither `kill -9` nor a loss of power makes the server
forget a request it has answered (as far as the disk keeps what it says it has written). NORMAL would forget the last
ones at a loss of power; with 64 calls at once the two measure alike, and a lone call takes 0.4 ms in place of 0.3.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import orjson
import structlog

from handlers.state.batches import Batches, within_timeout
from handlers.state.daemon_thread import DaemonThread
from handlers.state.microseconds import SECOND, from_microseconds, machine_time, to_microseconds
from handlers.state.port import SIGNED_REQUESTS, SUSPENDED, DataLossError, StateDownError
from handlers.state.sqlite.data_loss import REVOKE
from handlers.state.sqlite.database import HeldFile
from handlers.state.sqlite.file import DamagedError
from handlers.state.sqlite.locks import LockedError, execute
from handlers.state.sweeping import Sweeping

SWEPT_FOR_EACH = 2
SWEEP_EVERY = 128
"""So many rows that are over go for each that comes, after so many: the file shrinks to what is live."""

TURN_SECONDS = 0.002
YIELD_SECONDS = 0.000_1
"""While the thread works, the event loop stands still for this time after each turn of it.

A loop that is never idle gives the interpreter back too shortly for the thread to take it: the thread then did not end
a transaction within seconds. So it has its chance five hundred times a second.
"""

# One statement, one transaction and one trip out of the interpreter, however many rows; it fails whole.
_REMEMBER_ALL = """INSERT INTO seen (key, first, until)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(?)"""
_KNOWN = "SELECT first FROM seen WHERE key = ? AND until > ?"
_REMEMBER = "INSERT OR REPLACE INTO seen (key, first, until) VALUES (?, ?, ?)"
_SWEEP = "DELETE FROM seen WHERE key IN (SELECT key FROM seen WHERE until <= ? ORDER BY until LIMIT ?)"
_SUSPEND = "INSERT OR IGNORE INTO suspended VALUES (?, ?)"
_RESUME = "DELETE FROM suspended WHERE client_key = ?"
_REVOKED = "SELECT subject, at FROM revoked WHERE until > ? UNION ALL SELECT ? || client_key, at FROM suspended"
_SWEEP_REVOKED = "DELETE FROM revoked WHERE until <= ?"
_FORGOTTEN = "SELECT at FROM revoked WHERE subject = ? AND until > ?"

Result = TypeVar("Result")

_log = structlog.get_logger()

_SeenRecord = tuple[str, int, int, int]
"""A key, the time, the end of its being remembered, and when it was signed, in microseconds."""

_Answer = int | Exception | None
"""The time of the first, in microseconds; None for the first itself."""


class SqliteState:
    """One thread with one connection does the work; a process has one such state of a file."""

    def __init__(self, path: Path, sweeping: Sweeping | None = None, *, starting: bool = False) -> None:
        """Open the file, or make it; ValueError, with the path and the cause, if that cannot be.

        A server that is `starting` checks the whole file, and waits longer for the lock of another process.
        """
        try:
            self._file = HeldFile(path, starting=starting)
        except (OSError, sqlite3.Error, ValueError, DamagedError, LockedError) as error:
            message = f"{path} cannot be used: {getattr(error, 'strerror', None) or error}"
            raise ValueError(message) from error
        self._thread = DaemonThread("state")
        self._sightings = Batches(self._see)
        self._sweeping = sweeping or Sweeping()
        self._unswept = SWEEP_EVERY

    async def first_seen(
        self, key: str, ttl_seconds: int, now: datetime, signed_at: datetime | None = None
    ) -> datetime | None:
        """As the port has it."""
        at = to_microseconds(now)
        signed = to_microseconds(signed_at or now)
        first = await self._sightings.call((key, at, at + ttl_seconds * SECOND, signed))
        return None if first is None else from_microseconds(first)

    async def _see(self, sightings: Sequence[_SeenRecord]) -> Sequence[_Answer]:
        now = min(now for _, now, _, _ in sightings)
        return await self._with_file(lambda connection: self._swept_and_seen(connection, sightings, now), now)

    def _swept_and_seen(
        self, connection: sqlite3.Connection, sightings: Sequence[_SeenRecord], now: int
    ) -> Sequence[_Answer]:
        self._file.latest_signed = max(self._file.latest_signed, *(signed for *_, signed in sightings))
        until = self._sweeping.until(now)
        if self._unswept >= SWEEP_EVERY:
            execute(connection, _SWEEP, (until, SWEPT_FOR_EACH * self._unswept))
            self._unswept = 0
        self._unswept += len(sightings)
        forgotten = execute(connection, _FORGOTTEN, (SIGNED_REQUESTS, now)).fetchone()
        return _remembered(connection, sightings, forgotten[0]) if forgotten else _see(connection, sightings)

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """As the port has it."""
        start = to_microseconds(at)
        values = (subject, start, start + ttl_seconds * SECOND)
        over = self._sweeping.until(start)
        await within_timeout(self._with_file(lambda connection: _revoke(connection, values, over), start))

    async def suspend(self, client_key: str, at: datetime) -> None:
        """See `Engine.suspend`."""
        values = (client_key, to_microseconds(at))
        await within_timeout(self._with_file(lambda connection: execute(connection, _SUSPEND, values)))

    async def resume(self, client_key: str) -> None:
        """See `Engine.resume`."""
        await within_timeout(self._with_file(lambda connection: execute(connection, _RESUME, (client_key,))))

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """As the port has it; a read, which waits for no other process."""
        moment = to_microseconds(now)
        values = (moment, SUSPENDED)
        read = self._with_file(lambda connection: execute(connection, _REVOKED, values).fetchall(), moment)
        return {subject: from_microseconds(at) for subject, at in await within_timeout(read)}

    async def close(self) -> None:
        """Finish what is under way, and close the file. If that takes too long, the end of the process does it."""
        try:
            await within_timeout(self._in_thread(self._file.close))
        except StateDownError as cause:
            _log.warning("state.not_closed", cause=str(cause))
        self._thread.shutdown()

    async def _with_file(self, work: Callable[[sqlite3.Connection], Result], now: int | None = None) -> Result:
        """`now` is the caller's time, in microseconds since 1970; without it, the machine's."""
        moment = machine_time() if now is None else now
        return await self._in_thread(lambda: self._file.do(work, moment))

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        loop = asyncio.get_running_loop()
        with _room(loop):
            return await loop.run_in_executor(self._thread, work)  # What is given up before it begins is not done.


@contextmanager
def _room(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Within it the loop leaves room for the thread."""
    timer: asyncio.TimerHandle

    def leave() -> None:
        nonlocal timer
        with suppress(OSError, ValueError):  # A clock that jumps can make it fail; the next turn still comes.
            time.sleep(YIELD_SECONDS)
        timer = loop.call_later(TURN_SECONDS, leave)

    timer = loop.call_later(TURN_SECONDS, leave)
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    execute(connection, "BEGIN IMMEDIATE")
    yield
    connection.execute("COMMIT")


def _remembered(connection: sqlite3.Connection, sightings: Sequence[_SeenRecord], forgotten: int) -> Sequence[_Answer]:
    """Answer DataLossError for what was signed up to `forgotten`, and do not remember it."""
    seen = iter(_see(connection, [each for each in sightings if each[-1] > forgotten]))
    return [next(seen) if each[-1] > forgotten else DataLossError() for each in sightings]


def _see(connection: sqlite3.Connection, sightings: Sequence[_SeenRecord]) -> Sequence[_Answer]:
    try:
        execute(connection, _REMEMBER_ALL, (orjson.dumps(sightings).decode(),))
    except sqlite3.IntegrityError:  # One of the keys is there already, over or not.
        with _transaction(connection):
            return [_first(connection, *each) for each in sightings]
    return [None] * len(sightings)


def _first(connection: sqlite3.Connection, key: str, now: int, until: int, _signed: int) -> int | None:
    known = connection.execute(_KNOWN, (key, now)).fetchone()
    if known:
        return int(known[0])
    connection.execute(_REMEMBER, (key, now, until))
    return None


def _revoke(connection: sqlite3.Connection, values: tuple[str, int, int], over: int) -> None:
    with _transaction(connection):
        connection.execute(_SWEEP_REVOKED, (over,))
        connection.execute(REVOKE, values)
