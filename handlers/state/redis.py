"""`redis://`, `rediss://` and `unix://`: Redis 7 or later, or Valkey, for instances on several machines.

An answer that is lost after Redis took the command leaves the key remembered: the client's next attempt is then a
repeat, which `X-EXTERNAL-ID` answers with 409. What Redis forgets can be sent again: it must not evict keys
(`maxmemory-policy noeviction`), and should write them down (`appendonly yes`; with `appendfsync everysec` a loss of
power takes the last second). A replica that takes over has not what was not yet sent to it.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import NamedTuple

from redis.asyncio import Redis

from handlers.state.batches import Batches, in_time
from handlers.state.microseconds import SECOND, from_microseconds, to_microseconds
from handlers.state.port import SUSPENDED, TIMEOUT_SECONDS, StateDownError

PREFIX = "snap-token:"
SEEN = PREFIX + "seen:"
# Two sorted sets with one member a subject: a score only rises (ZADD GT), so the later time stays.
REVOKED_AT = PREFIX + "revoked:at"
REVOKED_UNTIL = PREFIX + "revoked:until"
SUSPENDED_AT = PREFIX + "suspended:at"

_FORGET = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"


class _Sighting(NamedTuple):
    """Of a key, with what is to be remembered of it: "first:until" in microseconds."""

    key: str
    value: bytes
    ttl_milliseconds: int


class RedisState:
    """Connects when it is first asked, and anew after each failure."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._sightings = Batches(self._see)

    async def first_seen(self, key: str, ttl_seconds: int, now: datetime) -> datetime | None:
        """As the port has it."""
        began = asyncio.get_running_loop().time()
        at = to_microseconds(now)
        value = b"%d:%d" % (at, at + ttl_seconds * SECOND)
        known = await self._sightings.call(_Sighting(SEEN + key, value, ttl_seconds * 1_000))
        if known is None:
            return None
        with _of_ours():
            first, until = map(int, known.split(b":"))
            if until > at:
                return from_microseconds(first)
        # Over by the caller's clock, though not yet by that of Redis.
        await in_time(self._client.eval(_FORGET, 1, SEEN + key, known), began)
        return await in_time(self.first_seen(key, ttl_seconds, now), began)

    async def _see(self, sightings: Sequence[_Sighting]) -> Sequence[bytes | Exception | None]:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            pipeline = self._client.pipeline(transaction=False)
            for each in sightings:
                pipeline.execute_command(
                    "SET", each.key, each.value, "NX", "GET", "PX", each.ttl_milliseconds, get=True
                )
            return await pipeline.execute(raise_on_error=False)

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """As the port has it."""
        start = to_microseconds(at)
        pipeline = self._client.pipeline(transaction=True)
        pipeline.zadd(REVOKED_AT, {subject: start}, gt=True)
        pipeline.zadd(REVOKED_UNTIL, {subject: start + ttl_seconds * SECOND}, gt=True)
        await in_time(pipeline.execute())

    async def suspend(self, client_key: str, at: datetime) -> None:
        """As the port has it."""
        await in_time(self._client.hsetnx(SUSPENDED_AT, client_key, to_microseconds(at)))

    async def resume(self, client_key: str) -> None:
        """As the port has it."""
        await in_time(self._client.hdel(SUSPENDED_AT, client_key))

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """As the port has it; those that ended are taken out of Redis."""
        began = asyncio.get_running_loop().time()
        moment = to_microseconds(now)
        pipeline = self._client.pipeline(transaction=True)
        pipeline.zrange(REVOKED_AT, 0, -1, withscores=True)
        pipeline.zrange(REVOKED_UNTIL, 0, -1, withscores=True)
        pipeline.hgetall(SUSPENDED_AT)
        starts, ends, suspended = await in_time(pipeline.execute(), began)
        live = {subject for subject, until in ends if until > moment}
        if len(live) < len(starts):
            await in_time(self._sweep(moment), began)
        with _of_ours():
            revoked = {subject.decode(): from_microseconds(int(at)) for subject, at in starts if subject in live}
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
