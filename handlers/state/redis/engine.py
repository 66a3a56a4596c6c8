"""The engine of Redis 7 or later, or Valkey, for instances on several machines.

If Redis executes a command and its answer is lost, the key stays recorded. The client's next attempt is then a repeat,
and a repeated `X-EXTERNAL-ID` gets 409.

A request whose key Redis lost can be replayed. So Redis must not evict keys (`maxmemory-policy noeviction`), and should
write them to disk (`appendonly yes`; with `appendfsync everysec`, a loss of power loses the last second). A replica
that takes over lacks what it has not yet received.

Redis expires keys by its own clock, which may jump too. So each key stays `HOLD_SECONDS` longer than necessary.

A counter of changes shows whether Redis lost data. After Redis was emptied, it has a new counter with a random start.
With an older copy of its data, as after a restart or on a replica that takes over, its counter is lower than before.
Changes of other instances can hide that. So each instance also looks for its own last record. Redis loses no command
before another one.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from secrets import randbits
from typing import NamedTuple

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from handlers.state.batches import Batches, time_limit, within_timeout
from handlers.state.microseconds import SECOND, from_microseconds, to_microseconds
from handlers.state.port import (
    ALL_TOKENS,
    LOSS_SECONDS,
    SIGNED_REQUESTS,
    SUSPENDED,
    DataLossError,
    StateDownError,
)
from handlers.state.sweeping import DAY, Sweeping

PREFIX = "snap-token:"
SEEN = PREFIX + "seen:"
# Two sorted sets with one member for each subject. A score only rises (ZADD GT), so the later time stays.
REVOKED_AT = PREFIX + "revoked:at"
REVOKED_UNTIL = PREFIX + "revoked:until"
SUSPENDED_AT = PREFIX + "suspended:at"
COUNTER = PREFIX + "changes"

HOLD_SECONDS = DAY // SECOND

_COUNTER_START_BITS = 62
"""Bits of the random number at which a counter starts. Redis counts with 63 bits."""

_MOST_CHANGES = 2**32
"""No counter rises by more between two reads. If it does, it is another counter."""

_LEAP = 2 * _MOST_CHANGES
"""Added to the counter after a loss, so that every other instance sees another counter too."""

_NEVER = datetime.min.replace(tzinfo=UTC)
_DELETE_EXPIRED = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"

_log = structlog.get_logger()


_CLOCK_DIFFERENCE = 60 * SECOND
"""The clocks of two hosts may differ by so much. One that is ahead replaces a record that has expired for it alone."""


class _SeenRecord(NamedTuple):
    """A key to record. The value is "first:until". `at` is the first time, in microseconds since 1970, as `until`."""

    key: str
    value: bytes
    ttl_milliseconds: int
    at: int
    until: int


class _Known(NamedTuple):
    """What an instance knows of Redis, before it sends commands: the counter, and its own last record."""

    counter: int | None = None
    last: _SeenRecord | None = None

    def misses(self, found: object, now: int) -> bool:
        """Whether the last record should be there, and another value was found in its place."""
        return self.last is not None and self.last.until > now + _CLOCK_DIFFERENCE and found != self.last.value


class RedisState:
    """Connects at the first call, and again after each failure."""

    def __init__(self, client: Redis, sweeping: Sweeping | None = None) -> None:
        self._client = client
        self._records = Batches(self._record_batch)
        self._sweeping = sweeping or Sweeping()
        self._known = _Known()
        self._latest_signed = self._lost_until = 0

    async def first_seen(
        self, key: str, ttl_seconds: int, now: datetime, signed_at: datetime | None = None
    ) -> datetime | None:
        """See `State.first_seen`."""
        began = asyncio.get_running_loop().time()
        at = to_microseconds(now)
        signed = to_microseconds(signed_at or now)
        self._latest_signed = max(self._latest_signed, signed)
        if signed <= self._lost_until:
            raise DataLossError
        until = at + ttl_seconds * SECOND
        kept = (ttl_seconds + HOLD_SECONDS) * 1_000
        existing = await self._records.call(_SeenRecord(SEEN + key, b"%d:%d" % (at, until), kept, at, until))
        if signed <= self._lost_until:  # The loss was noticed while this request waited for its batch.
            raise DataLossError
        if existing is None:
            return None
        with _our_format():
            first, until = map(int, existing.split(b":"))
            if until > at:
                return from_microseconds(first)
        # The key has expired by the caller's clock, but not yet by the clock of Redis.
        await within_timeout(self._client.eval(_DELETE_EXPIRED, 1, SEEN + key, existing), began)
        return await within_timeout(self.first_seen(key, ttl_seconds, now, signed_at), began)

    async def _record_batch(self, records: Sequence[_SeenRecord]) -> Sequence[bytes | Exception | None]:
        async with time_limit():
            known, pipeline = self._known, self._counting_pipeline(1, transaction=False)
            for each in records:
                pipeline.execute_command(
                    "SET", each.key, each.value, "NX", "GET", "PX", each.ttl_milliseconds, get=True
                )
            _, count, last, *existing = await pipeline.execute(raise_on_error=False)
        now = max(each.at for each in records)
        self._sweeping.until(now)  # It must know the clock before a jump.
        await self._require_no_data_loss(known, 1, count, last, now)
        new = [each for each, answer in zip(records, existing, strict=True) if answer is None]
        self._known = self._known._replace(last=new[-1] if new else self._known.last)
        return existing

    def _counting_pipeline(self, changes: int, *, transaction: bool = True) -> Pipeline:
        """Return a pipeline that answers: a new counter, which starts at random; the counter; the last record."""
        pipeline = self._client.pipeline(transaction=transaction)
        pipeline.set(COUNTER, randbits(_COUNTER_START_BITS), nx=True)
        pipeline.incrby(COUNTER, changes)
        pipeline.get(self._known.last.key if self._known.last else COUNTER)
        return pipeline

    async def _require_no_data_loss(
        self, known: _Known, changes: int, count: int | Exception, last: object, now: int
    ) -> None:
        """Check that this is the same counter, that it counted these changes, and that the last record is there.

        `known` is from before the commands were sent, because answers to concurrent commands may come in any order.

        Raises:
            DataLossError: Redis lost data.
        """
        if isinstance(count, Exception):
            raise count
        ahead = 0 if known.counter is None else count - known.counter - changes
        if not 0 <= ahead <= _MOST_CHANGES or known.misses(last, now):
            self._known = _Known(await self._record_data_loss(now, is_older=-_MOST_CHANGES <= ahead <= _MOST_CHANGES))
            raise DataLossError
        self._known = self._known._replace(counter=max(self._known.counter or 0, count))

    async def _record_data_loss(self, now: int, *, is_older: bool) -> int:
        """Revoke all tokens issued until now, and cover all requests signed until now. Return the counter.

        Clients may be ahead of us, so the latest X-TIMESTAMP counts too. If Redis has an older copy, the counter leaps.
        Otherwise new changes would soon hide the loss from the other instances.
        """
        self._lost_until = max(now, self._latest_signed)
        pipeline = self._counting_pipeline(_LEAP if is_older else 0)
        _add_revocation(pipeline, ALL_TOKENS, now, LOSS_SECONDS)
        _add_revocation(pipeline, SIGNED_REQUESTS, self._lost_until, LOSS_SECONDS)
        _, count, *_ = await within_timeout(pipeline.execute())
        _log.error("state.replaced", cause="Redis lost recorded data", lost=True)
        return int(count)

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """See `State.revoke`."""
        pipeline = self._counting_pipeline(1)
        _add_revocation(pipeline, subject, to_microseconds(at), ttl_seconds)
        await within_timeout(pipeline.execute())

    async def suspend(self, client_key: str, at: datetime) -> None:
        """See `Engine.suspend`."""
        pipeline = self._counting_pipeline(1)
        pipeline.hsetnx(SUSPENDED_AT, client_key, to_microseconds(at))
        await within_timeout(pipeline.execute())

    async def resume(self, client_key: str) -> None:
        """See `Engine.resume`."""
        pipeline = self._counting_pipeline(1)
        pipeline.hdel(SUSPENDED_AT, client_key)
        await within_timeout(pipeline.execute())

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """See `State.revocations`. It also deletes revocations that have ended."""
        began = asyncio.get_running_loop().time()
        moment = to_microseconds(now)
        known, pipeline = self._known, self._counting_pipeline(0)
        pipeline.zrange(REVOKED_AT, 0, -1, withscores=True)
        pipeline.zrange(REVOKED_UNTIL, 0, -1, withscores=True)
        pipeline.hgetall(SUSPENDED_AT)
        _, count, last, starts, ends, suspended = await within_timeout(pipeline.execute(), began)
        await self._require_no_data_loss(known, 0, count, last, moment)
        current = {subject for subject, until in ends if until > moment}
        sweep_until = self._sweeping.until(moment)
        if any(until <= sweep_until for _, until in ends):
            await within_timeout(self._sweep(sweep_until), began)
        with _our_format():
            revoked = {subject.decode(): from_microseconds(int(at)) for subject, at in starts if subject in current}
            self._lost_until = max(self._lost_until, to_microseconds(revoked.get(SIGNED_REQUESTS, _NEVER)))
            return revoked | {SUSPENDED + key.decode(): from_microseconds(int(at)) for key, at in suspended.items()}

    async def _sweep(self, sweep_until: int) -> None:
        pipeline = self._client.pipeline(transaction=True)
        pipeline.zremrangebyscore(REVOKED_UNTIL, "-inf", sweep_until)
        # Keep only the subjects that are still in both sets, with the scores of the first.
        pipeline.zinterstore(REVOKED_AT, {REVOKED_AT: 1, REVOKED_UNTIL: 0})
        await pipeline.execute()

    async def close(self) -> None:
        """See `State.close`."""
        with suppress(StateDownError):
            await within_timeout(self._client.aclose())


def _add_revocation(pipeline: Pipeline, subject: str, start: int, ttl_seconds: int) -> None:
    pipeline.zadd(REVOKED_AT, {subject: start}, gt=True)
    pipeline.zadd(REVOKED_UNTIL, {subject: start + ttl_seconds * SECOND}, gt=True)


@contextmanager
def _our_format() -> Iterator[None]:
    """Within the block, read values that this module wrote.

    Raises:
        StateDownError: A value has another format, so another program wrote it.
    """
    try:
        yield
    except (ValueError, OverflowError) as error:
        message = "another program wrote a value under a key of this server in Redis"
        raise StateDownError(message) from error
