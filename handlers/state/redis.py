"""`redis://`, `rediss://` and `unix://`: Redis 7 or later, or Valkey, for instances on several machines.

An answer that is lost after Redis took the command leaves the key remembered: the client's next attempt is then a
repeat, which `X-EXTERNAL-ID` answers with 409. What Redis forgets can be sent again: it must not evict keys
(`maxmemory-policy noeviction`), and should write them down (`appendonly yes`; with `appendfsync everysec` a loss of
power takes the last second). A replica that takes over has not what was not yet sent to it.

Redis deletes keys by its own clock, which may jump too. So a key stays `HOLD_SECONDS` longer than it must. A marker
shows whether Redis lost everything, for example by FLUSHALL or by a restart without its file.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from secrets import token_hex
from typing import NamedTuple

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from handlers.state.batches import Batches, in_time
from handlers.state.microseconds import SECOND, from_microseconds, to_microseconds
from handlers.state.port import (
    ALL,
    LOSS_SECONDS,
    SIGNED,
    SUSPENDED,
    TIMEOUT_SECONDS,
    ForgottenError,
    StateDownError,
)
from handlers.state.sweeping import DAY, Sweeping

PREFIX = "snap-token:"
SEEN = PREFIX + "seen:"
# Two sorted sets with one member a subject: a score only rises (ZADD GT), so the later time stays.
REVOKED_AT = PREFIX + "revoked:at"
REVOKED_UNTIL = PREFIX + "revoked:until"
SUSPENDED_AT = PREFIX + "suspended:at"
MARKER = PREFIX + "marker"

HOLD_SECONDS = DAY // SECOND

_NEVER = datetime.min.replace(tzinfo=UTC)
_FORGET = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"

_log = structlog.get_logger()


class _Sighting(NamedTuple):
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
        self._own_marker = token_hex(16).encode()
        self._marker: bytes | None = None
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
            raise ForgottenError
        value = b"%d:%d" % (at, at + ttl_seconds * SECOND)
        known = await self._sightings.call(_Sighting(SEEN + key, value, (ttl_seconds + HOLD_SECONDS) * 1_000, at))
        if known is None:
            return None
        with _of_ours():
            first, until = map(int, known.split(b":"))
            if until > at:
                return from_microseconds(first)
        # Over by the caller's clock, though not yet by that of Redis.
        await in_time(self._client.eval(_FORGET, 1, SEEN + key, known), began)
        return await in_time(self.first_seen(key, ttl_seconds, now, signed_at), began)

    async def _see(self, sightings: Sequence[_Sighting]) -> Sequence[bytes | Exception | None]:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            pipeline = self._marked_pipeline(transaction=False)
            for each in sightings:
                pipeline.execute_command(
                    "SET", each.key, each.value, "NX", "GET", "PX", each.ttl_milliseconds, get=True
                )
            marker, *known = await pipeline.execute(raise_on_error=False)
        now = max(each.at for each in sightings)
        self._sweeping.until(now)  # It must know the clock before a jump.
        await self._require_memory(marker, now)
        return known

    def _marked_pipeline(self, *, transaction: bool) -> Pipeline:
        """A pipeline whose first answer is the marker, or None if there was none. It sets one if there is none."""
        pipeline = self._client.pipeline(transaction=transaction)
        pipeline.execute_command("SET", MARKER, self._own_marker, "NX", "GET", get=True)
        return pipeline

    async def _require_memory(self, marker: bytes | Exception | None, now: int) -> None:
        """ForgottenError if Redis lost its memory since the last call."""
        if isinstance(marker, Exception):
            raise marker
        found = marker or self._own_marker
        lost = self._marker not in {None, found}
        if lost:
            await self._lose(now)
        self._marker = found
        if found == self._own_marker:  # A new one for next time, so that a loss shows.
            self._own_marker = token_hex(16).encode()
        if lost:
            raise ForgottenError

    async def _lose(self, now: int) -> None:
        """Refuse what was issued and signed until now. Clients' clocks may be ahead of ours."""
        self._forgotten = max(now, self._latest_signed)
        await self._revoke(ALL, now, LOSS_SECONDS)
        await self._revoke(SIGNED, self._forgotten, LOSS_SECONDS)
        _log.error("state.replaced", cause="Redis holds nothing of what was remembered", lost=True)

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """As the port has it."""
        await self._revoke(subject, to_microseconds(at), ttl_seconds)

    async def _revoke(self, subject: str, start: int, ttl_seconds: int) -> None:
        pipeline = self._client.pipeline(transaction=True)
        pipeline.zadd(REVOKED_AT, {subject: start}, gt=True)
        pipeline.zadd(REVOKED_UNTIL, {subject: start + ttl_seconds * SECOND}, gt=True)
        await in_time(pipeline.execute())

    async def suspend(self, client_key: str, at: datetime) -> None:
        """See `Engine.suspend`."""
        await in_time(self._client.hsetnx(SUSPENDED_AT, client_key, to_microseconds(at)))

    async def resume(self, client_key: str) -> None:
        """See `Engine.resume`."""
        await in_time(self._client.hdel(SUSPENDED_AT, client_key))

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """As the port has it; those that ended are taken out of Redis."""
        began = asyncio.get_running_loop().time()
        moment = to_microseconds(now)
        pipeline = self._marked_pipeline(transaction=True)
        pipeline.zrange(REVOKED_AT, 0, -1, withscores=True)
        pipeline.zrange(REVOKED_UNTIL, 0, -1, withscores=True)
        pipeline.hgetall(SUSPENDED_AT)
        marker, starts, ends, suspended = await in_time(pipeline.execute(), began)
        await self._require_memory(marker, moment)
        live = {subject for subject, until in ends if until > moment}
        over = self._sweeping.until(moment)
        if any(until <= over for _, until in ends):
            await in_time(self._sweep(over), began)
        with _of_ours():
            revoked = {subject.decode(): from_microseconds(int(at)) for subject, at in starts if subject in live}
            self._forgotten = max(self._forgotten, to_microseconds(revoked.get(SIGNED, _NEVER)))
            return revoked | {SUSPENDED + key.decode(): from_microseconds(int(at)) for key, at in suspended.items()}

    async def _sweep(self, moment: int) -> None:
        pipeline = self._client.pipeline(transaction=True)
        pipeline.zremrangebyscore(REVOKED_UNTIL, "-inf", moment)
        pipeline.zinterstore(REVOKED_AT, {REVOKED_AT: 1, REVOKED_UNTIL: 0})  # Those that are left, with their scores.
        await pipeline.execute()

    async def close(self) -> None:
        """Close the connections."""
        with suppress(StateDownError):
            await in_time(self._client.aclose())


@contextmanager
def _of_ours() -> Iterator[None]:
    """Read what Redis holds under a key of ours; StateDownError if it is not what this module writes."""
    try:
        yield
    except (ValueError, OverflowError) as error:
        message = "Redis holds a value of another program under a key of ours"
        raise StateDownError(message) from error
