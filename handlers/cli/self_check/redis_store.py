"""The Redis or Valkey of `state.url`: latency, version, and whether it keeps its entries. Nothing is written."""

from collections.abc import Iterator, Mapping
from typing import Any

from redis.asyncio import Redis

from handlers.cli.self_check.finding import Finding, error, good, skipped, warning
from handlers.cli.self_check.latency import median_seconds, of_latency
from handlers.config.setting_warnings import append_fsync
from handlers.state.batches import within_timeout
from handlers.state.port import StateDownError

OLDEST_VERSION = 7
"""The oldest major version of Redis that has `SET ... NX GET`."""

FULL = 0.9
"""The share of `maxmemory` from which a warning is due."""

_NO_EVICTION = "noeviction"


async def check_redis(client: Redis) -> list[Finding]:
    """Examine the server, and close the client."""
    try:
        seconds = await median_seconds(lambda: within_timeout(client.ping()))
        return [of_latency(seconds, "a round trip to Redis"), *await _of_information(client)]
    except StateDownError as cause:
        advice = "make it reachable, or correct state.url"
        return [error("state.latency", f"the state store does not answer: {cause}", advice)]
    finally:
        await client.aclose()


async def _of_information(client: Redis) -> list[Finding]:
    """What the answer to INFO says. Some hosted services refuse it to their users."""
    try:
        info = await within_timeout(client.info())
    except StateDownError as cause:
        found = f"INFO is refused, so version, eviction, persistence and memory are not known: {cause}"
        return [skipped("state.version", found, "let this user run INFO, or ask the operator of the state store")]
    fsync = await append_fsync(client)
    return [of_version(info), _eviction(info), *_persistence(info, fsync), *_writable(info), *_memory(info)]


def of_version(info: Mapping[str, Any]) -> Finding:
    """Whether the server is new enough. `info` is its answer to INFO. Valkey also names a compatible Redis."""
    version = str(info.get("redis_version", ""))
    name = f"Valkey {info['valkey_version']}" if "valkey_version" in info else f"Redis {version}"
    if int(version.partition(".")[0] or 0) < OLDEST_VERSION:
        return error(
            "state.version", f"the state store is {name}", f"install Redis {OLDEST_VERSION} or later, or Valkey"
        )
    return good("state.version", name)


def _eviction(info: Mapping[str, Any]) -> Finding:
    policy = info.get("maxmemory_policy", _NO_EVICTION)
    if policy != _NO_EVICTION:
        found = f"Redis may evict keys (maxmemory-policy {policy}), and then accepts a replay"
        return error("state.eviction", found, f"set maxmemory-policy {_NO_EVICTION}")
    return good("state.eviction", f"maxmemory-policy {_NO_EVICTION}")


def _persistence(info: Mapping[str, Any], fsync: str | None) -> Iterator[Finding]:
    if not info.get("aof_enabled", 1):
        found = "Redis does not write each change to disk (appendonly no), and loses data when it stops"
        yield warning("state.persistence", found, "set appendonly yes")
    elif fsync is None:
        yield skipped("state.persistence", "appendonly yes; this user may not read appendfsync", "set it to everysec")
    elif fsync == "no":
        found = "Redis does not flush its file (appendfsync no), and can lose half a minute when the power fails"
        yield warning("state.persistence", found, "set appendfsync everysec, or always")
    else:
        yield good("state.persistence", f"appendonly yes, appendfsync {fsync}")


def _writable(info: Mapping[str, Any]) -> Iterator[Finding]:
    if info.get("role") == "slave":
        found = "this Redis is a replica, which refuses writes"
        yield error("state.writable", found, "name the primary in state.url")
    for field in ("aof_last_write_status", "rdb_last_bgsave_status"):
        if info.get(field, "ok") != "ok":
            found = f"Redis cannot write to its disk ({field}: {info[field]}), and may refuse writes"
            yield error("state.writable", found, "look at its log, and make room on its disk")


def _memory(info: Mapping[str, Any]) -> Iterator[Finding]:
    used, most = info.get("used_memory", 0), info.get("maxmemory", 0)
    if most and used > most * FULL:
        found = f"Redis uses {used / most:.0%} of its maxmemory, and refuses writes when it is full"
        yield warning("state.memory", found, "raise maxmemory")
