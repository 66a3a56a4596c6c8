"""Redis behind the state port: one round trip for many calls, recovery after failures, and expiry of all keys."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from signal import SIGCONT, SIGSTOP

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from structlog.testing import capture_logs

from handlers.state.port import (
    ALL_TOKENS,
    SIGNED_REQUESTS,
    DataLossError,
    Engine,
    State,
    StateDownError,
)
from handlers.state.redis.engine import (
    COUNTER,
    HOLD_SECONDS,
    PREFIX,
    REVOKED_AT,
    REVOKED_UNTIL,
    SEEN,
    SUSPENDED_AT,
    RedisState,
)
from handlers.state.sweeping import Sweeping
from tests.certificates import write_certificate
from tests.engines import (
    NOON,
    PERSISTENT,
    REDIS_SERVERS,
    SECOND,
    RedisServer,
    Uptime,
    answered_until_killed,
    asynchronous,
    opened,
    redis_server,
)
from tests.sentinel_server import SentinelStage, sentinel_stage


@pytest.fixture(params=REDIS_SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """A server for one test alone, which may damage it."""
    with redis_server(request.param) as server:
        yield server


@pytest.fixture
def client(server: RedisServer) -> Iterator[Redis]:
    """A client that looks at what Redis contains."""
    with Redis.from_url(server.tcp_url, decode_responses=True) as client:
        yield client


def _run(client: Redis, command: str) -> None:
    client.execute_command(*command.encode("latin-1").split())  # type: ignore[no-untyped-call]  # redis-py has no types here


async def _fails(state: State, key: str = "key") -> str:
    """The error of a call while the engine is down."""
    with pytest.raises(StateDownError) as down:
        await state.first_seen(key, 60, NOON)
    return str(down.value)


@asynchronous
async def test_simultaneous_calls_share_a_round_trip(server: RedisServer, client: Redis) -> None:
    """200 calls of one turn of the event loop reach Redis over one connection, in a few packets."""
    async with opened(server.url) as state:
        await state.first_seen("before", 60, NOON)
        before = client.info("stats")
        await asyncio.gather(*(state.first_seen(str(number), 60, NOON) for number in range(200)))
        after = client.info("stats")
    assert after["total_connections_received"] == before["total_connections_received"]
    assert after["total_reads_processed"] - before["total_reads_processed"] <= 5


@asynchronous
async def test_keys_have_the_prefix_and_expire(server: RedisServer, client: Redis) -> None:
    """Every key has the prefix, and Redis deletes a record one day after its end."""
    async with opened(server.url) as state:
        await state.first_seen("key", 60, NOON)
        await state.revoke("client:A", NOON, 60)
        await state.suspend("A", NOON)
    assert all(key.startswith(PREFIX) for key in client.scan_iter())
    assert (HOLD_SECONDS + 59) * 1_000 < client.pttl(SEEN + "key") <= (HOLD_SECONDS + 60) * 1_000


@asynchronous
async def test_ended_revocations_are_deleted(server: RedisServer, client: Redis) -> None:
    """A read deletes revocations that have ended, and keeps the others with their times."""
    uptime = Uptime()
    async with AsyncRedis.from_url(server.url) as used:
        state = RedisState(used, Sweeping(0, uptime))
        await state.revoke("client:A", NOON, 60)
        await state.revoke("client:B", NOON, 61)
        await state.revocations(NOON)
        uptime.pass_seconds(60)
        assert await state.revocations(NOON + 60 * SECOND) == {"client:B": NOON}
        assert client.zrange(REVOKED_AT, 0, -1) == ["client:B"]
        assert await state.revocations(NOON + 60 * SECOND) == {"client:B": NOON}
        uptime.pass_seconds(1)
        await state.revocations(NOON + 61 * SECOND)
    assert client.keys() == [COUNTER]


@asynchronous
async def test_a_redis_that_lost_everything(server: RedisServer, client: Redis) -> None:
    """After Redis was emptied, earlier requests and tokens are refused. Every instance that knew Redis notices."""
    ahead = NOON + 30 * SECOND
    async with opened(server.url) as one, opened(server.url) as other, opened(server.url) as late:
        for number, state in enumerate((one, other)):
            assert await state.first_seen(str(number), 60, NOON, ahead) is None
        client.flushall()
        with capture_logs() as log:
            for number, state in enumerate((one, other)):
                with pytest.raises(DataLossError):
                    await state.first_seen(str(number), 60, NOON + SECOND, NOON + number * SECOND)
        assert [line["event"] for line in log] == ["state.replaced"] * 2
        lost = await late.revocations(NOON + SECOND)
        assert lost == {ALL_TOKENS: NOON + SECOND, SIGNED_REQUESTS: ahead}
        for state in (one, other, late):
            with pytest.raises(DataLossError):
                await state.first_seen("0", 60, NOON + 2 * SECOND, ahead)
            assert await state.first_seen(f"new{id(state)}", 60, NOON + 31 * SECOND, ahead + SECOND) is None
        client.flushall()
        with pytest.raises(DataLossError):
            await one.revocations(NOON + 60 * SECOND)


def _copy(client: Redis) -> None:
    """Copy everything in Redis into its database 1."""
    for key in client.scan_iter():
        client.copy(key, key, destination_db="1", replace=True)


def _restore(client: Redis) -> None:
    client.swapdb(0, 1)


async def _record(state: Engine) -> None:
    assert await state.first_seen("new", 60, NOON) is None


async def _revoke(state: Engine) -> None:
    await state.revoke("client:A", NOON, 60)


async def _suspend(state: Engine) -> None:
    await state.suspend("A", NOON)


async def _resume(state: Engine) -> None:
    await state.resume("A")


@pytest.mark.parametrize("change", [_record, _revoke, _suspend, _resume])
@asynchronous
async def test_a_redis_that_has_an_older_copy(
    server: RedisServer, client: Redis, change: Callable[[Engine], Awaitable[None]]
) -> None:
    """A copy without the last change is a loss, for reads and for writes. A complete copy is not."""
    async with opened(server.url) as one, opened(server.url) as other:
        assert await one.first_seen("old", 60, NOON) is None
        _copy(client)
        _restore(client)
        assert await one.first_seen("old", 60, NOON) == NOON
        _copy(client)
        await change(one)
        for state in (one, other):
            await state.revocations(NOON)
        _restore(client)
        with pytest.raises(DataLossError):
            await one.revocations(NOON + SECOND)
        with pytest.raises(DataLossError):
            await other.first_seen("other", 60, NOON + SECOND, NOON + SECOND)
        assert await other.revocations(NOON + SECOND) == {ALL_TOKENS: NOON + SECOND, SIGNED_REQUESTS: NOON + SECOND}


@asynchronous
async def test_a_loss_that_is_noticed_while_a_call_waits(server: RedisServer, client: Redis) -> None:
    """If one batch notices a loss, a call that waits for the next batch is refused too."""
    async with opened(server.url) as state:
        assert await state.first_seen("key", 60, NOON) is None
        client.flushall()
        refused = [asyncio.create_task(state.first_seen("other", 60, NOON))]
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # Its batch has started, so the next call waits.
        refused += [asyncio.create_task(state.first_seen("key", 60, NOON))]
        outcomes = await asyncio.gather(*refused, return_exceptions=True)
    assert [type(each) for each in outcomes] == [DataLossError] * 2


@asynchronous
async def test_no_answer_is_lost_when_redis_is_killed(server: RedisServer) -> None:
    """With `appendonly yes`, every key that got an answer before a SIGKILL of Redis is recorded after it."""
    server.stop()
    server.start(*PERSISTENT)
    async with opened(server.url) as state:
        answered = await answered_until_killed(state, lambda: asyncio.to_thread(server.stop))
    server.start(*PERSISTENT)
    async with opened(server.url) as state:
        assert None not in [await state.first_seen(key, 60, NOON) for key in answered]


@asynchronous
async def test_redis_may_start_later(server: RedisServer) -> None:
    """A state opens while Redis is down. Calls are refused while Redis is down, and answered while it is up."""
    server.stop()
    async with opened(server.url) as state:
        assert "ConnectionError" in await _fails(state)
        for key in ("one", "two"):
            server.start(*PERSISTENT)
            assert await state.first_seen(key, 60, NOON) is None
            server.stop()
            await _fails(state)
            with pytest.raises(StateDownError):
                await state.revoke("client:A", NOON, 60)
            with pytest.raises(StateDownError):
                await state.suspend("A", NOON)
            with pytest.raises(StateDownError):
                await state.resume("A")
            with pytest.raises(StateDownError):
                await state.revocations(NOON)


@asynchronous
async def test_a_refused_connection(server: RedisServer) -> None:
    """A refused TCP connection is reported at once."""
    server.stop()
    async with opened(server.tcp_url) as state:
        assert f"127.0.0.1:{server.port}" in await _fails(state)
        server.start()
        assert await state.first_seen("key", 60, NOON) is None


@asynchronous
async def test_a_redis_that_hangs(server: RedisServer) -> None:
    """A Redis that hangs counts as down after 0.5 s. Its late work is found later, and answers do not mix."""
    async with opened(server.url) as state:
        assert await state.first_seen("before", 60, NOON) is None
        server.process.send_signal(SIGSTOP)
        try:
            messages = await asyncio.gather(*(_fails(state, str(number)) for number in range(3)))
            assert set(messages) == {"no answer within 0.5 s"}
            with pytest.raises(StateDownError, match=r"no answer within 0\.5 s"):
                await state.revoke("client:A", NOON, 60)
        finally:
            server.process.send_signal(SIGCONT)
        firsts = [await state.first_seen(key, 60, NOON + SECOND) for key in ("new", "before", "0")]
        assert firsts == [None, NOON, NOON]


@pytest.mark.parametrize(
    ("damage", "repair", "message"),
    [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "OutOfMemoryError"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "ReadOnlyError"),
        ("SET snap-token:seen:key x", "DEL snap-token:seen:key", "another program"),
        ("LPUSH snap-token:seen:key x", "DEL snap-token:seen:key", "WRONGTYPE"),
    ],
)
@asynchronous
async def test_errors_of_redis(server: RedisServer, client: Redis, damage: str, repair: str, message: str) -> None:
    """An error from Redis counts as an outage, and the outage ends with the cause of the error."""
    async with opened(server.url) as state:
        _run(client, damage)
        assert message in await _fails(state)
        _run(client, repair)
        assert await state.first_seen("key", 60, NOON) is None


@pytest.mark.parametrize(
    "damage",
    [
        "ZADD {at} 1 \xff",
        "ZADD {at} inf A",
        "SET {at} x",
        "HSET {suspended} A x",
        "HSET {suspended} \xff 1",
        "HSET {suspended} A 9e99",
        "SET {suspended} x",
    ],
)
@asynchronous
async def test_revocations_of_another_program(server: RedisServer, client: Redis, damage: str) -> None:
    """Values that this server did not write count as an outage until somebody removes them."""
    with Redis.from_url(server.url) as raw:
        raw.zadd(REVOKED_UNTIL, {b"\xff": 1e18, "A": 1e18})
        _run(raw, damage.format(at=REVOKED_AT, suspended=SUSPENDED_AT))
    async with opened(server.url) as state:
        with pytest.raises(StateDownError):
            await state.revocations(NOON)
        client.delete(REVOKED_AT, REVOKED_UNTIL, SUSPENDED_AT)
        assert await state.revocations(NOON) == {}


@asynchronous
async def test_a_password(server: RedisServer, client: Redis) -> None:
    """The right password connects. The error for a wrong password does not contain it."""
    client.config_set("requirepass", "ri/ght")
    async with opened(server.url) as without:
        assert "AuthenticationError" in await _fails(without)
    async with opened(server.tcp_url.replace("127", ":wr%2Fong@127")) as wrong:
        message = await _fails(wrong)
        assert "invalid username-password pair" in message
        assert "ong" not in message.replace("wrong number", "")
    async with opened(server.tcp_url.replace("127", ":ri%2Fght@127")) as right:
        assert await right.first_seen("key", 60, NOON) is None


def test_tls(server: RedisServer, tmp_path: Path) -> None:
    """A trusted certificate for the address is accepted. Every other certificate is refused."""
    write_certificate(tmp_path)
    files = ("--tls-cert-file", f"{tmp_path}/cert.pem", "--tls-key-file", f"{tmp_path}/key.pem")
    server.stop()
    server.start("--tls-port", str(server.port), "--port", "0", *files, "--tls-auth-clients", "no")

    @asynchronous
    async def assert_checked() -> None:
        trusting = f"rediss://127.0.0.1:{server.port}/0?ssl_ca_certs={tmp_path}/cert.pem"
        async with opened(trusting) as state:
            assert await state.first_seen("key", 60, NOON) is None
        for url in (f"rediss://127.0.0.1:{server.port}/0", trusting.replace("127.0.0.1", "localhost")):
            async with opened(url) as state:
                assert "CERTIFICATE_VERIFY_FAILED" in await _fails(state)

    assert_checked()


@asynchronous
async def test_databases_are_separate(server: RedisServer) -> None:
    """The number in the URL selects the database."""
    async with opened(server.tcp_url) as first, opened(server.tcp_url.replace("/0", "/1")) as second:
        assert await first.first_seen("key", 60, NOON) is None
        assert await second.first_seen("key", 60, NOON) is None
    async with opened(f"{server.url}?db=1") as third:
        assert await third.first_seen("key", 60, NOON) == NOON


@asynchronous
async def test_it_leaves_no_connection(server: RedisServer, client: Redis) -> None:
    """After `close`, only the test is connected."""
    async with opened(server.url) as state:
        await state.first_seen("key", 60, NOON)
        assert len(client.client_list()) == 2
    await asyncio.sleep(0.1)  # Redis notices the end of a connection a little later.
    assert len(client.client_list()) == 1


async def _answer(state: State, key: str) -> object:
    """Call until the state store answers. No test asserts how long a fail-over takes."""
    while True:
        try:
            return await state.first_seen(key, 60, NOON)
        except DataLossError:
            raise
        except StateDownError:
            await asyncio.sleep(0)


@pytest.fixture(params=REDIS_SERVERS)
def stage(request: pytest.FixtureRequest) -> Iterator[SentinelStage]:
    """A primary with a replica and a sentinel, for one test alone."""
    with sentinel_stage(request.param) as stage:
        yield stage


@asynchronous
async def test_a_replica_that_takes_over(stage: SentinelStage) -> None:
    """After the sentinel has promoted the replica, the same state uses it. Data that the replica has is not lost."""
    async with opened(stage.url) as state:
        assert await state.first_seen("before", 60, NOON) is None
        with Redis.from_url(stage.primary.url) as client:
            assert client.wait(1, 0) == 1
        stage.primary.process.kill()
        assert await _answer(state, "before") == NOON
        assert await state.first_seen("after", 60, NOON) is None


@asynchronous
async def test_a_replica_that_lacks_the_last_commands(stage: SentinelStage) -> None:
    """If the replica lacks commands, the requests that were signed until then are refused."""
    async with opened(stage.url) as state:
        assert await state.first_seen("before", 60, NOON) is None
        with Redis.from_url(stage.primary.url) as client:
            assert client.wait(1, 0) == 1
            stage.replica.process.send_signal(SIGSTOP)
            client.client_kill_filter(_type="replica")
        assert await state.first_seen("lost", 60, NOON + SECOND) is None
        stage.primary.process.kill()
        stage.replica.process.send_signal(SIGCONT)
        with pytest.raises(DataLossError):
            await _answer(state, "lost")


@asynchronous
async def test_sentinels_that_are_down() -> None:
    """If no sentinel answers, the state store counts as down in time."""
    async with opened("redis+sentinel://127.0.0.1:1,127.0.0.1:2/payments/0") as state:
        answer = "MasterNotFoundError: no sentinel names a primary of the service payments"
        assert await _fails(state) == answer


@asynchronous
async def test_changes_of_another_instance_hide_no_loss(server: RedisServer, client: Redis) -> None:
    """An instance misses its own last record, also if another one has made more changes since than were lost."""
    async with opened(server.url) as one, opened(server.url) as other:
        await _record(other)
        _copy(client)
        assert await one.first_seen("lost", 600, NOON) is None
        _restore(client)
        for number in range(3):
            assert await other.first_seen(str(number), 600, NOON) is None
        with pytest.raises(DataLossError):
            await one.first_seen("lost", 600, NOON)
        with pytest.raises(DataLossError):
            await other.first_seen("lost", 600, NOON)
