"""PostgreSQL behind the state port: one commit for many calls, recovery after failures, sweeping of expired rows."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from signal import SIGCONT, SIGSTOP

import pytest

from handlers.state.opening import StateUrl
from handlers.state.port import State, StateDownError
from handlers.state.postgresql import engine
from handlers.state.postgresql.engine import SWEEP_EVERY, PostgresqlState
from handlers.state.postgresql.url import parse
from handlers.state.sweeping import Sweeping
from tests.engines import NOON, SECOND, Uptime, answered_until_killed, asynchronous, opened
from tests.postgresql_server import DATABASE, PostgresqlServer, postgresql_server


@pytest.fixture(scope="module")
def _own_server() -> Iterator[PostgresqlServer]:
    with postgresql_server() as server:
        yield server


@pytest.fixture
def own_server(_own_server: PostgresqlServer) -> PostgresqlServer:
    """A server that the tests of this module may stop, with an empty database. Each test starts it again."""
    _own_server.sql("DROP SCHEMA IF EXISTS snap_token CASCADE")
    return _own_server


@pytest.fixture
def server(emptied_postgresql: Callable[[], PostgresqlServer]) -> PostgresqlServer:
    """The server of all tests, with an empty database."""
    return emptied_postgresql()


async def fails(state: State, key: str = "key") -> str:
    """The error of a call while the engine is down."""
    with pytest.raises(StateDownError) as down:
        await state.first_seen(key, 60, NOON)
    return str(down.value)


def _connections(server: PostgresqlServer) -> int:
    """The number of connections that stay. PostgreSQL notices the end of a connection a little later."""
    time.sleep(0.2)
    return int(server.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'snap-token'")[0])


def _transactions(server: PostgresqlServer) -> int:
    """The number of transactions so far that wrote something."""
    return int(server.sql("SELECT pg_snapshot_xmax(pg_current_snapshot())")[0])


@asynchronous
async def test_simultaneous_calls_share_one_commit(server: PostgresqlServer) -> None:
    """200 simultaneous calls, new and repeated, are one transaction."""
    async with opened(server.url) as state:
        await state.first_seen("0", 60, NOON)
        before = _transactions(server)
        answers = await asyncio.gather(*(state.first_seen(str(number % 150), 60, NOON) for number in range(200)))
        assert _transactions(server) == before + 1
    assert answers.count(None) == 149


@asynchronous
async def test_a_key_that_expires_within_a_batch(server: PostgresqlServer) -> None:
    """If a key expires between two calls of one batch, the later call is the first of a new record."""
    async with opened(server.url) as state:
        moments = (NOON, NOON + SECOND, NOON + 60 * SECOND, NOON + 61 * SECOND)
        answers = await asyncio.gather(*(state.first_seen("key", 60, moment) for moment in moments))
        assert answers == [None, NOON, None, NOON + 60 * SECOND]


def _rows(server: PostgresqlServer) -> int:
    return int(server.sql("SELECT count(*) FROM snap_token.seen")[0])


@asynchronous
async def test_expired_rows_are_deleted(server: PostgresqlServer) -> None:
    """While new rows come, the expired rows disappear, twice as many as come. Live rows stay."""
    uptime = Uptime()
    state = PostgresqlState(parse(server.url, Path()), Sweeping(0, uptime))
    await asyncio.gather(*(state.first_seen(f"old {number}", 60, NOON) for number in range(3 * SWEEP_EVERY)))
    await state.revoke("client:A", NOON, 60)
    uptime.pass_seconds(60)
    later = NOON + 60 * SECOND
    for round_number in range(4):
        keys = [f"{round_number} {number}" for number in range(SWEEP_EVERY)]
        await asyncio.gather(*(state.first_seen(key, 60, later) for key in keys))
    assert _rows(server) == 4 * SWEEP_EVERY
    await state.revoke("client:B", later, 60)
    assert server.sql("SELECT subject FROM snap_token.revoked") == ["client:B"]
    await state.close()


@asynchronous
async def test_no_plan_reads_the_whole_table(server: PostgresqlServer) -> None:
    """PostgreSQL keeps the plan that it makes for a small table. It still uses an index when the table is large."""
    state = PostgresqlState(parse(server.url, Path()))
    await state.first_seen("key", 60, NOON)
    plans = await state._writes.run(  # noqa: SLF001  a plan belongs to a connection
        lambda each: each.fetch("EXPLAIN " + engine.SWEEP.replace("$1", "1").replace("$2", "1"))
    )
    await state.close()
    assert any("Index Scan using seen_until" in row[0] for row in plans)


@asynchronous
async def test_postgresql_may_start_later(own_server: PostgresqlServer) -> None:
    """A state opens while PostgreSQL is down. Calls are refused while it is down, and answered while it is up."""
    own_server.stop()
    async with opened(own_server.url) as state:
        assert "ConnectionRefusedError" in await fails(state)
        for key in ("one", "two"):
            own_server.start()
            assert await state.first_seen(key, 60, NOON) is None
            own_server.stop()
            assert await fails(state)
            with pytest.raises(StateDownError):
                await state.revoke("client:A", NOON, 60)
            with pytest.raises(StateDownError):
                await state.suspend("A", NOON)
            with pytest.raises(StateDownError):
                await state.resume("A")
            with pytest.raises(StateDownError):
                await state.revocations(NOON)
    own_server.start()


@asynchronous
async def test_a_postgresql_that_hangs(own_server: PostgresqlServer) -> None:
    """A PostgreSQL that hangs counts as down after 0.5 s. Its late work is found later, and answers do not mix."""
    async with opened(own_server.url) as state:
        assert await state.first_seen("before", 60, NOON) is None
        own_server.signal_all(SIGSTOP)
        try:
            messages = await asyncio.gather(*(fails(state, str(number)) for number in range(3)))
            assert set(messages) == {"no answer within 0.5 s"}
            assert "no answer within 0.5 s" in await fails(state, "new connection")
            with pytest.raises(StateDownError, match=r"no answer within 0\.5 s"):
                await state.revoke("client:A", NOON, 60)
        finally:
            own_server.signal_all(SIGCONT)
        assert [await state.first_seen(key, 60, NOON + SECOND) for key in ("new", "before")] == [None, NOON]


@asynchronous
async def test_no_answer_is_lost_when_postgresql_is_killed(own_server: PostgresqlServer) -> None:
    """Every key that got an answer before a SIGKILL of all processes of PostgreSQL is recorded after it."""
    async with opened(own_server.url) as state:
        answered = await answered_until_killed(state, lambda: asyncio.to_thread(own_server.kill))
    own_server.start()
    async with opened(own_server.url) as state:
        assert None not in [await state.first_seen(key, 60, NOON) for key in answered]


@asynchronous
async def test_a_commit_that_waits_for_a_missing_standby(own_server: PostgresqlServer) -> None:
    """While a synchronous standby is missing, calls are refused, and PostgreSQL keeps no connection for them."""
    async with opened(own_server.url) as state:
        assert await state.first_seen("before", 60, NOON) is None
    own_server.stop()
    own_server.start("synchronous_standby_names=missing")
    async with opened(own_server.url) as state:
        for number in range(3):
            assert await fails(state, f"waiting {number}") == "no answer within 0.5 s"
        assert _connections(own_server) <= 1
    own_server.stop()
    own_server.start()


@asynchronous
async def test_a_restart_while_no_call_runs(own_server: PostgresqlServer) -> None:
    """A connection that PostgreSQL closed meanwhile costs no call."""
    async with opened(own_server.url) as state:
        assert await state.first_seen("key", 60, NOON) is None
        await asyncio.to_thread(own_server.stop)
        own_server.start()
        assert await state.first_seen("key", 60, NOON + SECOND) == NOON


@asynchronous
async def test_it_leaves_no_connection(server: PostgresqlServer) -> None:
    """An instance has two connections at most, and none after `close`."""
    async with opened(server.url) as state:
        await asyncio.gather(state.first_seen("key", 60, NOON), state.revocations(NOON), state.suspend("A", NOON))
        assert _connections(server) == 2
    assert _connections(server) == 0


@contextmanager
def _configured(server: PostgresqlServer, setting: str) -> Iterator[None]:
    """Within the block, the database has this setting for new connections."""
    name = setting.partition("=")[0]
    server.sql(f"ALTER DATABASE {DATABASE} SET {setting}")
    try:
        yield
    finally:
        server.sql(f"ALTER DATABASE {DATABASE} RESET {name}", database="postgres")


@pytest.mark.parametrize(("of_server", "used"), [("off", "on"), ("remote_apply", "remote_apply"), ("local", "local")])
@asynchronous
async def test_a_commit_waits_for_the_disk(server: PostgresqlServer, of_server: str, used: str) -> None:
    """If the server commits without the disk, this engine sets it to `on`. Every other value stays."""
    with _configured(server, f"synchronous_commit={of_server}"):
        state = PostgresqlState(parse(server.url, Path()))
        await state.first_seen("key", 60, NOON)
        assert await state._writes.run(lambda each: each.fetchval("SHOW synchronous_commit")) == used  # noqa: SLF001  PostgreSQL shows no other session's setting
        await state.close()


@pytest.mark.parametrize(
    ("of_server", "used"),
    [("default_transaction_isolation=serializable", "read committed"), ("idle_session_timeout=1", "0")],
)
@asynchronous
async def test_settings_of_the_database_break_no_call(server: PostgresqlServer, of_server: str, used: str) -> None:
    """Settings for other programs of the database do not count for this engine's connections."""
    with _configured(server, of_server):
        state = PostgresqlState(parse(server.url, Path()))
        await state.first_seen("key", 60, NOON)
        name = of_server.partition("=")[0]
        assert await state._writes.run(lambda each: each.fetchval(f"SHOW {name}")) == used  # noqa: SLF001  PostgreSQL shows no other session's setting
        await state.close()


@asynchronous
async def test_a_database_that_accepts_no_writes(server: PostgresqlServer) -> None:
    """A read-only database counts as down, also for reads, until it accepts writes again."""
    async with opened(server.url) as state:
        with _configured(server, "default_transaction_read_only=on"):
            assert await fails(state) == f"{server.host}: it accepts no writes, because it is a standby or read-only"
            with pytest.raises(StateDownError, match="it accepts no writes"):
                await state.revocations(NOON)
        assert await state.first_seen("key", 60, NOON) is None


@asynchronous
async def test_a_pooler_that_drops_settings(server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the connection does not have the time limit that was asked for, a pooler is in between, and it is refused."""
    monkeypatch.setattr(engine, "STATEMENT_TIMEOUT", "1ms")
    async with opened(server.url) as state:
        assert "a pooler such as PgBouncer" in await fails(state)


@asynchronous
async def test_errors_of_postgresql(server: PostgresqlServer) -> None:
    """An error counts as an outage, and the outage ends with the cause of the error."""
    async with opened(server.url) as state:
        await state.first_seen("key", 60, NOON)
        server.sql("ALTER TABLE snap_token.seen RENAME TO hidden")
        assert "UndefinedTableError" in await fails(state)
        server.sql("ALTER TABLE snap_token.hidden RENAME TO seen")
        assert await state.first_seen("key", 60, NOON + timedelta(seconds=1)) == NOON


def test_it_can_be_opened_outside_an_event_loop(server: PostgresqlServer) -> None:
    """The server and commands open the state before an event loop runs."""
    state = StateUrl(server.url).open()

    @asynchronous
    async def use() -> None:
        assert await state.first_seen("key", 60, NOON) is None
        await state.close()

    use()
