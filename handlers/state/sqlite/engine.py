"""`sqlite:///`: one file that all processes of one machine share. It is the default.

Commits are grouped: all calls that come while one transaction is written share the next one.

`synchronous` is FULL: a call gets its answer when its transaction is on the disk. So neither `kill -9` nor a loss of
power loses a request that was answered, if the disk really keeps what it reports as written. NORMAL could lose the last
requests at a loss of power. A single call takes 0.34 ms, and 0.14 ms with NORMAL. With 64 concurrent calls the server
is equally fast with both. The page on performance has the figures.
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
from handlers.state.sqlite.database import Database
from handlers.state.sqlite.file import REPAIR, DamagedError
from handlers.state.sqlite.locks import BUSY_SECONDS, LockedError, execute, is_locked
from handlers.state.sweeping import Sweeping

DELETED_FOR_EACH = 2
SWEEP_EVERY = 128
"""After every 128 new rows, at most twice as many expired rows are deleted. So the file shrinks to its live rows."""

TURN_SECONDS = 0.002
YIELD_SECONDS = 0.000_1
"""While the thread works, the event loop sleeps for `YIELD_SECONDS` after every `TURN_SECONDS`.

A busy event loop releases the interpreter's lock too briefly for the thread to get it. Without the sleep, a transaction
did not finish within seconds. With it, the thread can get the lock 500 times a second.
"""

# One statement inserts all rows in one transaction, without the interpreter's lock. It inserts all rows or none.
_INSERT_ALL = """INSERT INTO seen (key, first, until)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(?)"""
_SELECT_SEEN = "SELECT first FROM seen WHERE key = ? AND until > ?"
_INSERT = "INSERT OR REPLACE INTO seen (key, first, until) VALUES (?, ?, ?)"
_SWEEP = "DELETE FROM seen WHERE key IN (SELECT key FROM seen WHERE until <= ? ORDER BY until LIMIT ?)"
_SUSPEND = "INSERT OR IGNORE INTO suspended VALUES (?, ?)"
_RESUME = "DELETE FROM suspended WHERE client_key = ?"
_REVOKED = "SELECT subject, at FROM revoked WHERE until > ? UNION ALL SELECT ? || client_key, at FROM suspended"
_SWEEP_REVOKED = "DELETE FROM revoked WHERE until <= ?"
_SELECT_LOSS = "SELECT at FROM revoked WHERE subject = ? AND until > ?"

Result = TypeVar("Result")

_log = structlog.get_logger()

_SeenRecord = tuple[str, int, int, int, float]
"""The key, the current time, the end and X-TIMESTAMP, in microseconds since 1970, and `time.monotonic` at the call."""

_Answer = int | Exception | None
"""The time of the first call, in microseconds since 1970. None for the first call itself."""


class SqliteState:
    """One thread with one connection does the work. A process must have only one SqliteState for each file."""

    def __init__(self, path: Path, sweeping: Sweeping | None = None, *, starting: bool = False) -> None:
        """Open the file, or create it. A server that is `starting` checks the whole file, and waits longer for locks.

        Raises:
            ValueError: The file cannot be used. The message has the path and the cause.
        """
        try:
            self._database = Database(path, starting=starting)
        except (OSError, sqlite3.Error, ValueError, DamagedError, LockedError) as error:
            message = f"{path} cannot be used: {getattr(error, 'strerror', None) or error}"
            raise ValueError(message) from error
        self._thread = DaemonThread("state")
        self._records = Batches(self._record_batch)
        self._sweeping = sweeping or Sweeping()
        self._rows_since_sweep = SWEEP_EVERY

    async def first_seen(
        self, key: str, ttl_seconds: int, now: datetime, signed_at: datetime | None = None
    ) -> datetime | None:
        """See `State.first_seen`."""
        at = to_microseconds(now)
        signed = to_microseconds(signed_at or now)
        first = await self._records.call((key, at, at + ttl_seconds * SECOND, signed, time.monotonic()))
        return None if first is None else _time(first)

    async def _record_batch(self, records: Sequence[_SeenRecord]) -> Sequence[_Answer]:
        now = min(now for _, now, *_ in records)
        return await self._with_database(lambda connection: self._sweep_and_record(connection, records, now), now)

    def _sweep_and_record(
        self, connection: sqlite3.Connection, records: Sequence[_SeenRecord], now: int
    ) -> Sequence[_Answer]:
        self._database.latest_signed = max(self._database.latest_signed, *(signed for *_, signed, _ in records))
        until = self._sweeping.until(now)
        if self._rows_since_sweep >= SWEEP_EVERY:
            execute(connection, _SWEEP, (until, DELETED_FOR_EACH * self._rows_since_sweep))
            self._rows_since_sweep = 0
        self._rows_since_sweep += len(records)
        loss = execute(connection, _SELECT_LOSS, (SIGNED_REQUESTS, now)).fetchone()
        return _record_after_loss(connection, records, loss[0]) if loss else _record(connection, records)

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """See `State.revoke`."""
        start = to_microseconds(at)
        values = (subject, start, start + ttl_seconds * SECOND)
        sweep_until = self._sweeping.until(start)
        await within_timeout(self._with_database(lambda connection: _revoke(connection, values, sweep_until), start))

    async def suspend(self, client_key: str, at: datetime) -> None:
        """See `Engine.suspend`."""
        values = (client_key, to_microseconds(at))
        await within_timeout(self._with_database(lambda connection: execute(connection, _SUSPEND, values)))

    async def resume(self, client_key: str) -> None:
        """See `Engine.resume`."""
        await within_timeout(self._with_database(lambda connection: execute(connection, _RESUME, (client_key,))))

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """See `State.revocations`. It only reads, so it waits for no other process."""
        moment = to_microseconds(now)
        values = (moment, SUSPENDED)
        read = self._with_database(lambda connection: execute(connection, _REVOKED, values).fetchall(), moment)
        return {subject: _time(at) for subject, at in await within_timeout(read)}

    async def close(self) -> None:
        """Finish the current work, and close the file. If that times out, the end of the process closes it."""
        try:
            await within_timeout(self._in_thread(self._database.close))
        except StateDownError as cause:
            _log.warning("state.not_closed", cause=str(cause))
        self._thread.shutdown()

    async def _with_database(self, work: Callable[[sqlite3.Connection], Result], now: int | None = None) -> Result:
        """`now` is the caller's time, in microseconds since 1970. The default is the time of the machine's clock."""
        moment = machine_time() if now is None else now
        return await self._in_thread(lambda: self._database.run(work, moment))

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        loop = asyncio.get_running_loop()
        with _yielding(loop):
            return await loop.run_in_executor(self._thread, work)  # Work that is cancelled before it begins never runs.


def _time(stored: int) -> datetime:
    """Convert a time from the file.

    Raises:
        StateDownError: It is no time. The message names the command that skips such rows.
    """
    try:
        return from_microseconds(stored)
    except StateDownError as error:
        message = f"{error}; {REPAIR}"
        raise StateDownError(message) from None


@contextmanager
def _yielding(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Within the block, the event loop regularly lets the thread run. See `YIELD_SECONDS`."""
    timer: asyncio.TimerHandle

    def yield_to_thread() -> None:
        nonlocal timer
        with suppress(OSError, ValueError):  # A clock that jumps can make it fail. The next turn still comes.
            time.sleep(YIELD_SECONDS)
        timer = loop.call_later(TURN_SECONDS, yield_to_thread)

    timer = loop.call_later(TURN_SECONDS, yield_to_thread)
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    execute(connection, "BEGIN IMMEDIATE")
    yield
    connection.execute("COMMIT")


def _record_after_loss(
    connection: sqlite3.Connection, records: Sequence[_SeenRecord], lost_until: int
) -> Sequence[_Answer]:
    """Record the requests that were signed after `lost_until`. The result for every other request is DataLossError."""
    answers = iter(_record(connection, [each for each in records if each[3] > lost_until]))
    return [next(answers) if each[3] > lost_until else DataLossError() for each in records]


def _record(connection: sqlite3.Connection, records: Sequence[_SeenRecord]) -> Sequence[_Answer]:
    if not all(map(_is_in_time, records)):
        return _record_each(connection, records)
    try:
        connection.execute(_INSERT_ALL, (orjson.dumps(records).decode(),))
    except sqlite3.DatabaseError as error:
        # A key that is in the table already may have expired.
        if isinstance(error, sqlite3.IntegrityError) or is_locked(error):
            return _record_each(connection, records)
        raise
    return [None] * len(records)


def _is_in_time(record: _SeenRecord) -> bool:
    """Whether the call has time for its commit."""
    return time.monotonic() - record[4] <= BUSY_SECONDS


def _record_each(connection: sqlite3.Connection, records: Sequence[_SeenRecord]) -> Sequence[_Answer]:
    """Wait for the lock, and then record the calls that still have time for their commit.

    The others get no answer in time. If they were recorded, the client's next attempt would be a repeat.
    """
    with _transaction(connection):
        return [_record_one(connection, *each[:3]) if _is_in_time(each) else TimeoutError() for each in records]


def _record_one(connection: sqlite3.Connection, key: str, now: int, until: int) -> int | None:
    known = connection.execute(_SELECT_SEEN, (key, now)).fetchone()
    if known:
        first: int = known[0]
        return first
    connection.execute(_INSERT, (key, now, until))
    return None


def _revoke(connection: sqlite3.Connection, values: tuple[str, int, int], sweep_until: int) -> None:
    with _transaction(connection):
        connection.execute(_SWEEP_REVOKED, (sweep_until,))
        connection.execute(REVOKE, values)
