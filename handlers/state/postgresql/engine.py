"""`postgresql://`: PostgreSQL 14 or later, for instances on several machines. It is durable and shared.

A call gets its answer when PostgreSQL has committed. With `synchronous_commit` at its default `on`, the commit is then
on the disk of the primary. If the server has it off, this engine sets it to `on` for its own connections. A standby
that takes over has every commit only if `synchronous_standby_names` is set.

If PostgreSQL commits and its answer is lost, the key stays recorded. The client's next attempt is then a repeat, and a
repeated `X-EXTERNAL-ID` gets 409.

The callers give all times. The clock of PostgreSQL is never read.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from handlers.state.batches import Batches, time_limit, within_timeout
from handlers.state.microseconds import SECOND, from_microseconds, to_microseconds
from handlers.state.port import SIGNED_REQUESTS, SUSPENDED, StateDownError
from handlers.state.postgresql.loss import REVOKE, DataLoss, Mark
from handlers.state.postgresql.schema import prepare_tables
from handlers.state.postgresql.session import POOLER, STATEMENT_TIMEOUT, Connection, Session
from handlers.state.postgresql.url import PostgresqlUrl
from handlers.state.sweeping import Sweeping

DELETED_FOR_EACH = 2
SWEEP_EVERY = 128
"""After every 128 new rows, at most twice as many expired rows are deleted."""

_SETTINGS = """SELECT current_setting('statement_timeout'), CASE current_setting('synchronous_commit')
    WHEN 'off' THEN set_config('synchronous_commit', 'on', false) END"""
# One statement and one commit for all keys. Only new and expired keys are written and returned.
_INSERT = """INSERT INTO snap_token.seen AS old (key, first, until)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[])
    ON CONFLICT (key) DO UPDATE SET first = excluded.first, until = excluded.until WHERE old.until <= excluded.first
    RETURNING key"""
_SELECT = "SELECT key, first, until FROM snap_token.seen WHERE key = ANY($1::text[])"
# Rows that another instance deletes at the same time are skipped, so no instance waits for another.
SWEEP = """DELETE FROM snap_token.seen WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM snap_token.seen WHERE until <= $1 ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED))"""
_SWEEP_REVOKED = "DELETE FROM snap_token.revoked WHERE until <= $1"
_CHANGE = "WITH change AS ({}) UPDATE snap_token.store SET changes = changes + 1 RETURNING changes"
_REVOKE = _CHANGE.format(REVOKE)
_SUSPEND = _CHANGE.format("INSERT INTO snap_token.suspended VALUES ($1, $2) ON CONFLICT (client_key) DO NOTHING")
_RESUME = _CHANGE.format("DELETE FROM snap_token.suspended WHERE client_key = $1")
_REVOKED = """SELECT subject, at FROM snap_token.revoked WHERE until > $1
    UNION ALL SELECT $2 || client_key, at FROM snap_token.suspended"""


class _SeenRecord(NamedTuple):
    """A key to record, and its place in the batch. Times are in microseconds since 1970."""

    place: int
    key: str
    at: int
    until: int


class PostgresqlState:
    """Connects at the first call, and again after each failure. Reads have a connection of their own."""

    def __init__(self, url: PostgresqlUrl, sweeping: Sweeping | None = None) -> None:
        self._writes = Session(url, self._prepare)
        self._reads = Session(url, self._prepare)
        self._records = Batches(self._record_batch)
        self._sweeping = sweeping or Sweeping()
        self._rows_since_sweep = SWEEP_EVERY
        self._loss = DataLoss()

    async def _prepare(self, connection: Connection) -> None:
        """Check the server at the other end, its tables and its data.

        Raises:
            StateDownError: It is a pooler, which drops the settings of a connection, or see `prepare_tables`.
            DataLossError: See `DataLoss.check`.
        """
        if await connection.fetchval(_SETTINGS) != STATEMENT_TIMEOUT:
            raise StateDownError(POOLER)
        await prepare_tables(connection)
        await self._loss.check(connection)

    async def first_seen(
        self, key: str, ttl_seconds: int, now: datetime, signed_at: datetime | None = None
    ) -> datetime | None:
        """See `State.first_seen`."""
        at, signed = to_microseconds(now), to_microseconds(signed_at or now)
        self._loss.now = max(self._loss.now, at)
        self._loss.require_none_since(signed)
        first = await self._records.call((key, at, at + ttl_seconds * SECOND))
        self._loss.require_none_since(signed)  # A loss may have been noticed while this request waited for its batch.
        return None if first is None else from_microseconds(first)

    async def _record_batch(self, records: Sequence[tuple[str, int, int]]) -> Sequence[int | None]:
        placed = [_SeenRecord(place, *record) for place, record in enumerate(records)]
        sweep_until = self._sweeping.until(min(each.at for each in placed))
        async with time_limit():
            return await self._writes.run(lambda connection: self._sweep_and_record(connection, placed, sweep_until))

    async def _sweep_and_record(
        self, connection: Connection, records: Sequence[_SeenRecord], sweep_until: int
    ) -> Sequence[int | None]:
        if self._rows_since_sweep >= SWEEP_EVERY:
            await connection.execute(SWEEP, sweep_until, DELETED_FOR_EACH * self._rows_since_sweep)
            self._rows_since_sweep = 0
        answers: dict[int, int | None] = {}
        while remaining := [each for each in records if each.place not in answers]:
            answers |= await self._record(connection, remaining)
        return [answers[each.place] for each in records]

    async def _record(self, connection: Connection, records: Sequence[_SeenRecord]) -> dict[int, int | None]:
        """Record the first call for each key. Return the answers, by place, as far as they are known.

        A later call for a key has no answer yet if the key expires between the two calls.
        """
        firsts = {each.key: each for each in reversed(records)}
        new = await _insert(connection, list(firsts.values()))
        self._rows_since_sweep += len(new)
        if new:
            self._loss.last_mark = max((Mark(*firsts[key][1:]) for key in new), key=lambda mark: mark.until)
        known = {key: (firsts[key].at, firsts[key].until) for key in new}
        known |= await _select(connection, firsts.keys() - new)
        answers: dict[int, int | None] = {
            each.place: known[each.key][0] for each in records if each.key in known and known[each.key][1] > each.at
        }
        return answers | {firsts[key].place: None for key in new}

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """See `State.revoke`."""
        start = to_microseconds(at)
        sweep_until = self._sweeping.until(start)

        async def work(connection: Connection) -> int:
            await connection.execute(_SWEEP_REVOKED, sweep_until)
            return int(await connection.fetchval(_REVOKE, subject, start, start + ttl_seconds * SECOND))

        self._loss.note_change(await within_timeout(self._writes.run(work)))

    async def suspend(self, client_key: str, at: datetime) -> None:
        """See `Engine.suspend`."""
        await self._change(_SUSPEND, client_key, to_microseconds(at))

    async def resume(self, client_key: str) -> None:
        """See `Engine.resume`."""
        await self._change(_RESUME, client_key)

    async def _change(self, statement: str, *values: str | int) -> None:
        count = await within_timeout(self._writes.run(lambda connection: connection.fetchval(statement, *values)))
        self._loss.note_change(int(count))

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """See `State.revocations`."""
        moment = to_microseconds(now)
        self._loss.now = max(self._loss.now, moment)

        async def work(connection: Connection) -> dict[str, int]:
            await self._loss.check(connection)
            rows = await connection.fetch(_REVOKED, moment, SUSPENDED)
            return {row["subject"]: row["at"] for row in rows}

        times = await within_timeout(self._reads.run(work))
        self._loss.cover(times.get(SIGNED_REQUESTS, 0))
        return {subject: from_microseconds(at) for subject, at in times.items()}

    async def close(self) -> None:
        """See `State.close`."""
        await self._writes.close()
        await self._reads.close()


async def _insert(connection: Connection, records: Sequence[_SeenRecord]) -> set[str]:
    """Insert the keys in their order, so that two instances cannot wait for each other. Return those that are new."""
    _, keys, starts, ends = zip(*sorted(records, key=lambda each: each.key), strict=True)
    return {row["key"] for row in await connection.fetch(_INSERT, keys, starts, ends)}


async def _select(connection: Connection, keys: set[str]) -> dict[str, tuple[int, int]]:
    """Return the first time and the end of each key that is recorded."""
    if not keys:
        return {}
    return {row["key"]: (row["first"], row["until"]) for row in await connection.fetch(_SELECT, list(keys))}
