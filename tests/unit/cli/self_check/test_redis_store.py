"""The checks of a Redis or Valkey, on real servers."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from handlers.cli.self_check import redis_store
from handlers.cli.self_check.finding import Finding
from handlers.cli.self_check.redis_store import check_redis
from handlers.cli.self_check.state_store import check_state
from handlers.state.opening import StateUrl
from handlers.state.redis.engine import HOLD_SECONDS
from tests.engines import PERSISTENT, REDIS_SERVERS, RedisServer, redis_server

GOOD = {
    "state.latency": "good",
    "state.version": "good",
    "state.eviction": "good",
    "state.persistence": "good",
}


def _check(url: str) -> dict[str, Finding]:
    client = StateUrl(url).redis()
    assert client
    return {each.check: each for each in asyncio.run(check_redis(client))}


def _severities(url: str) -> dict[str, str]:
    return {check: finding.severity for check, finding in _check(url).items()}


@pytest.fixture(scope="module", params=REDIS_SERVERS)
def redis(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    with redis_server(request.param, *PERSISTENT) as server:
        yield server


@contextmanager
def _configured(redis: RedisServer, **values: str) -> Iterator[Redis]:
    """Change the configuration until the end of the block."""
    with Redis.from_url(redis.url, decode_responses=True) as client:
        before: Any = {name: client.config_get(name)[name] for name in values}
        try:
            for name, value in values.items():
                client.config_set(name, value)
            yield client
        finally:
            for name, value in before.items():
                client.config_set(name, value)


def test_a_durable_redis_is_good_and_unchanged(redis: RedisServer) -> None:
    """A server that keeps its data is good, and the check writes nothing to it."""
    with Redis.from_url(redis.url) as client:
        assert _severities(redis.tcp_url) == GOOD
        assert client.dbsize() == 0
    assert _check(redis.url)["state.persistence"].found == "appendonly yes, appendfsync everysec"


@pytest.mark.parametrize("maxmemory", ["0", "100mb"])
def test_eviction_is_an_error(redis: RedisServer, maxmemory: str) -> None:
    """A policy that evicts keys is an error, also while there is no limit for the memory."""
    with _configured(redis, **{"maxmemory": maxmemory, "maxmemory-policy": "allkeys-lru"}):
        finding = _check(redis.url)["state.eviction"]
    assert finding.severity == "error"
    assert "maxmemory-policy allkeys-lru" in finding.found
    assert finding.advice == "set maxmemory-policy noeviction"


@pytest.mark.parametrize(
    ("values", "advice"),
    [({"appendonly": "no"}, "set appendonly yes"), ({"appendfsync": "no"}, "set appendfsync everysec, or always")],
    ids=["no file", "no flush"],
)
def test_lost_changes_are_a_warning(redis: RedisServer, values: dict[str, str], advice: str) -> None:
    """A server that keeps its data in memory only, or that never flushes its file, is a warning."""
    with _configured(redis, **values):
        finding = _check(redis.url)["state.persistence"]
    assert (finding.severity, finding.advice) == ("warning", advice)


def test_a_hidden_configuration_is_skipped(redis: RedisServer) -> None:
    """A user who may not read the configuration, as with hosted services, gets no fault for it."""
    with _user(redis, "-config") as url:
        assert _severities(url) == GOOD | {"state.persistence": "skipped"}


def test_hidden_information_is_skipped(redis: RedisServer) -> None:
    """A user who may not run INFO can still use the state store, so this is no error."""
    with _user(redis, "-info") as url:
        findings = _check(url)
    assert {check: each.severity for check, each in findings.items()} == {
        "state.latency": "good",
        "state.version": "skipped",
    }
    assert "INFO is refused" in findings["state.version"].found


@contextmanager
def _user(redis: RedisServer, *refused: str) -> Iterator[str]:
    """The URL for a user who may not run these commands."""
    with Redis.from_url(redis.url) as client:
        client.acl_setuser("hosted", enabled=True, nopass=True, keys=["*"], commands=["+@all", *refused])
        try:
            yield redis.tcp_url.replace("redis://", "redis://hosted:any@")
        finally:
            client.acl_deluser("hosted")


def test_a_user_who_may_not_write_is_an_error(redis: RedisServer) -> None:
    """With such a user the server can issue no token, although the state store answers."""
    with _user(redis, "-set", "-eval", "-evalsha") as url:
        found = {each.check: each for each in check_state(StateUrl(url))}
    assert found["state.latency"].severity == "good"
    assert found["state.writable"].severity == "error"
    assert "no permissions" in found["state.writable"].found


def test_a_writable_redis_is_good(redis: RedisServer) -> None:
    """The check writes one entry, which expires by itself."""
    with Redis.from_url(redis.url) as client:
        found = {each.check: each.severity for each in check_state(StateUrl(redis.url))}
        (key,) = client.keys("*check:*")
        assert 0 < client.pttl(key) <= (1 + HOLD_SECONDS) * 1_000
        client.delete(key)
    assert found == GOOD | {"state.writable": "good"}


def test_a_replica_is_an_error(redis: RedisServer) -> None:
    """A replica refuses writes, so the server cannot use it."""
    with Redis.from_url(redis.url) as client:
        client.replicaof("127.0.0.1", "1")
        try:
            assert _severities(redis.url)["state.writable"] == "error"
        finally:
            client.replicaof("NO", "ONE")


def test_a_full_memory_is_a_warning(redis: RedisServer) -> None:
    """Redis refuses writes when it reaches `maxmemory`, so more than 90 % of it is a warning."""
    with Redis.from_url(redis.url, decode_responses=True) as client:
        used = int(client.info("memory")["used_memory"])
    with _configured(redis, maxmemory=str(used)):
        finding = _check(redis.url)["state.memory"]
    assert (finding.severity, finding.advice) == ("warning", "raise maxmemory")


def _save(client: Redis, status: str) -> None:
    """Let Redis write a copy to its disk, and wait until it ends with this status."""
    client.bgsave()
    while client.info("persistence")["rdb_last_bgsave_status"] != status:
        client.ping()


def test_a_redis_that_cannot_write_its_file_is_an_error(redis: RedisServer) -> None:
    """If the last copy on disk failed, because a folder is in its place, Redis may refuse writes."""
    with Redis.from_url(redis.url, decode_responses=True) as client:
        copy = Path(client.config_get("dir")["dir"], "dump.rdb")
        copy.mkdir()
        _save(client, "err")
        finding = _check(redis.url)["state.writable"]
        copy.rmdir()
        _save(client, "ok")
    assert finding.severity == "error"
    assert finding.found.startswith("Redis cannot write to its disk (rdb_last_bgsave_status: err)")


def test_an_old_version_is_an_error(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version without the command that the state needs is an error."""
    monkeypatch.setattr(redis_store, "OLDEST_VERSION", 99)
    assert _severities(redis.url)["state.version"] == "error"


def test_a_redis_that_does_not_answer_is_one_error() -> None:
    """If nothing listens there, nothing else is said."""
    (finding,) = _check("unix:///nowhere.sock?db=0").values()
    assert finding.severity == "error"
    assert finding.found.startswith("the state store does not answer: ConnectionError: ")


def test_the_name_is_that_of_the_fork() -> None:
    """Valkey names itself after the version of Redis with which it is compatible."""
    assert redis_store.of_version({"redis_version": "7.2.4", "valkey_version": "8.1.3"}).found == "Valkey 8.1.3"
