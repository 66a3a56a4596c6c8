"""`redis://`, `rediss://` and `unix://`: Redis 7 or later, or Valkey, for instances on several machines.

An answer that is lost after Redis took the command leaves the key remembered: the client's next attempt is then a
repeat, which `X-EXTERNAL-ID` answers with 409. What Redis forgets can be sent again: it must not evict keys
(`maxmemory-policy noeviction`), and should write them down (`appendonly yes`; with `appendfsync everysec` a loss of
power takes the last second). A replica that takes over has not what was not yet sent to it.

Redis forgets by its own clock, so a key stays `HOLD_SECONDS` longer than it must: that clock may jump, too. A counter
of changes shows whether Redis lost memory. One that was emptied has a new counter, which begins anywhere. One that has
an older copy of its memory, as after a restart or on a replica that takes over, has counted less than we know.
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

from handlers.state.batches import Batches, within_timeout
from handlers.state.microseconds import SECOND, from_microseconds, to_microseconds
from handlers.state.port import (
    ALL_TOKENS,
    LOSS_SECONDS,
    SIGNED_REQUESTS,
    SUSPENDED,
    TIMEOUT_SECONDS,
    DataLossError,
    StateDownError,
)
from handlers.state.sweeping import DAY, Sweeping

PREFIX = "snap-token:"
SEEN = PREFIX + "seen:"
# Two sorted sets with one member a subject: a score only rises (ZADD GT), so the later time stays.
REVOKED_AT = PREFIX + "revoked:at"
REVOKED_UNTIL = PREFIX + "revoked:until"
SUSPENDED_AT = PREFIX + "suspended:at"
COUNTER = PREFIX + "changes"

HOLD_SECONDS = DAY // SECOND

_FIRST_BITS = 62
"""Of the number at which a counter begins; Redis counts with 63."""

_FURTHEST = 2**32
"""So many changes between two looks at the counter are more than can be: it is another one."""

_LEAP = 2 * _FURTHEST

_NEVER = datetime.min.replace(tzinfo=UTC)
_FORGET = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"

_log = structlog.get_logger()


class _SeenRecord(NamedTuple):
    """Of a key, with what is to be remembered of it: "first:until" in microseconds."""

    key: str
    value: bytes
    ttl_milliseconds: int
    at: int


class RedisState:
    """Connects when it is first asked, and anew after each failure."""

    def __init__(self, client: Redis, sweeping: Sweeping | None = None) -> None:
        self._client = client
        self._sightings = Batches(self._see)
        self._sweeping = sweeping or Sweeping()
        self._count: int | None = None
        self._latest_signed = self._forgotten = 0

    async def first_seen(
        self, key: str, ttl_seconds: int, now: datetime, signed_at: datetime | None = None
    ) -> datetime | None:
        """As the port has it."""
        began = asyncio.get_running_loop().time()
        at = to_microseconds(now)
        signed = to_microseconds(signed_at or now)
        self._latest_signed = max(self._latest_signed, signed)
        if signed <= self._forgotten:
            raise DataLossError
        value = b"%d:%d" % (at, at + ttl_seconds * SECOND)
        known = await self._sightings.call(_SeenRecord(SEEN + key, value, (ttl_seconds + HOLD_SECONDS) * 1_000, at))
        if signed <= self._forgotten:  # The loss was noticed while this one waited for its batch.
            raise DataLossError
        if known is None:
            return None
        with _of_ours():
            first, until = map(int, known.split(b":"))
            if until > at:
                return from_microseconds(first)
        # Over by the caller's clock, though not yet by that of Redis.
        await within_timeout(self._client.eval(_FORGET, 1, SEEN + key, known), began)
        return await within_timeout(self.first_seen(key, ttl_seconds, now, signed_at), began)

    async def _see(self, sightings: Sequence[_SeenRecord]) -> Sequence[bytes | Exception | None]:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            known_count, pipeline = self._count, self._counting(1, transaction=False)
            for each in sightings:
                pipeline.execute_command(
                    "SET", each.key, each.value, "NX", "GET", "PX", each.ttl_milliseconds, get=True
                )
            _, count, *known = await pipeline.execute(raise_on_error=False)
        now = max(each.at for each in sightings)
        self._sweeping.until(now)  # It is to know what the clock said before it jumped.
        await self._require_memory(None if known_count is None else known_count + 1, count, now)
        return known

    def _counting(self, changes: int, *, transaction: bool = True) -> Pipeline:
        """Its second answer is the counter, these changes included; if there was none, it begins anywhere."""
        pipeline = self._client.pipeline(transaction=transaction)
        pipeline.set(COUNTER, randbits(_FIRST_BITS), nx=True)
        pipeline.incrby(COUNTER, changes)
        return pipeline

    async def _require_memory(self, least: int | None, count: int | Exception, now: int) -> None:
        """DataLossError if Redis does not have all the memory that it had: its counter is below `least`, or new.

        `least` is from before the question was sent: answers to questions that were under way together may come in
        any order. It is None if nothing is known.
        """
        if isinstance(count, Exception):
            raise count
        ahead = 0 if least is None else count - least
        if not 0 <= ahead <= _FURTHEST:
            self._count = await self._lose(now, is_older=-_FURTHEST <= ahead < 0)
            raise DataLossError
        self._count = count if self._count is None else max(self._count, count)

    async def _lose(self, now: int, *, is_older: bool) -> int:
        """Cover what was issued and signed until now; clients may be ahead of us. Returns the counter.

        Where the counter goes on from an older copy, it leaps: what is written now would hide the loss from others.
        """
        self._forgotten = max(now, self._latest_signed)
        pipeline = self._counting(_LEAP if is_older else 0)
        _add_revocation(pipeline, ALL_TOKENS, now, LOSS_SECONDS)
        _add_revocation(pipeline, SIGNED_REQUESTS, self._forgotten, LOSS_SECONDS)
        _, count, *_ = await within_timeout(pipeline.execute())
        _log.error("state.replaced", cause="Redis does not hold all that was remembered", lost=True)
        return int(count)

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """As the port has it."""
        pipeline = self._counting(1)
        _add_revocation(pipeline, subject, to_microseconds(at), ttl_seconds)
        await within_timeout(pipeline.execute())

    async def suspend(self, client_key: str, at: datetime) -> None:
        """As the port has it."""
        pipeline = self._counting(1)
        pipeline.hsetnx(SUSPENDED_AT, client_key, to_microseconds(at))
        await within_timeout(pipeline.execute())

    async def resume(self, client_key: str) -> None:
        """As the port has it."""
        pipeline = self._counting(1)
        pipeline.hdel(SUSPENDED_AT, client_key)
        await within_timeout(pipeline.execute())

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """As the port has it; those that ended are taken out of Redis."""
        began = asyncio.get_running_loop().time()
        moment = to_microseconds(now)
        known_count, pipeline = self._count, self._counting(0)
        pipeline.zrange(REVOKED_AT, 0, -1, withscores=True)
        pipeline.zrange(REVOKED_UNTIL, 0, -1, withscores=True)
        pipeline.hgetall(SUSPENDED_AT)
        _, count, starts, ends, suspended = await within_timeout(pipeline.execute(), began)
        await self._require_memory(known_count, count, moment)
        live = {subject for subject, until in ends if until > moment}
        over = self._sweeping.until(moment)
        if any(until <= over for _, until in ends):
            await within_timeout(self._sweep(over), began)
        with _of_ours():
            revoked = {subject.decode(): from_microseconds(int(at)) for subject, at in starts if subject in live}
            self._forgotten = max(self._forgotten, to_microseconds(revoked.get(SIGNED_REQUESTS, _NEVER)))
            return revoked | {SUSPENDED + key.decode(): from_microseconds(int(at)) for key, at in suspended.items()}

    async def _sweep(self, moment: int) -> None:
        pipeline = self._client.pipeline(transaction=True)
        pipeline.zremrangebyscore(REVOKED_UNTIL, "-inf", moment)
        pipeline.zinterstore(REVOKED_AT, {REVOKED_AT: 1, REVOKED_UNTIL: 0})  # Those that are left, with their scores.
        await pipeline.execute()

    async def close(self) -> None:
        """Close the connections."""
        with suppress(StateDownError):
            await within_timeout(self._client.aclose())


def _add_revocation(pipeline: Pipeline, subject: str, start: int, ttl_seconds: int) -> None:
    pipeline.zadd(REVOKED_AT, {subject: start}, gt=True)
    pipeline.zadd(REVOKED_UNTIL, {subject: start + ttl_seconds * SECOND}, gt=True)


@contextmanager
def _of_ours() -> Iterator[None]:
    """Read what Redis holds under a key of ours; StateDownError if it is not what this module writes."""
    try:
        yield
    except (ValueError, OverflowError) as error:
        message = "Redis holds a value of another program under a key of ours"
        raise StateDownError(message) from error
