"""The tables of PostgreSQL: created once, migrated, and used by a role with few privileges."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from handlers.state.port import State, StateDownError
from handlers.state.postgresql import schema
from tests.engines import NOON, SECOND, asynchronous, opened
from tests.postgresql_server import DATABASE, PostgresqlServer
from tests.unit.state.postgresql.test_engine import fails

ROLE = "least"


@pytest.fixture
def server(emptied_postgresql: Callable[[], PostgresqlServer]) -> PostgresqlServer:
    """The server of all tests, with an empty database, and a role that may do nothing."""
    server = emptied_postgresql()
    if ROLE not in server.sql("SELECT rolname FROM pg_roles"):
        server.sql(f"CREATE ROLE {ROLE} LOGIN")
    return server


async def _record(state: State, key: str) -> None:
    """Record a key. On a busy machine, the tables may take longer than a call may."""
    while True:
        with suppress(StateDownError):
            await state.first_seen(key, 60, NOON)
            return


def _url_of_role(server: PostgresqlServer) -> str:
    return server.url.replace("snap@", f"{ROLE}@")


@asynchronous
async def test_several_instances_create_the_tables_at_once(server: PostgresqlServer) -> None:
    """Six instances that start at once on an empty database create the tables once, and all work."""

    async def start(number: int) -> None:
        async with opened(server.url) as state:
            await _record(state, str(number))

    await asyncio.gather(*map(start, range(6)))
    assert server.sql("SELECT count(*) FROM snap_token.store", "SELECT count(*) FROM snap_token.seen") == ["1", "6"]


@asynchronous
async def test_a_role_that_only_changes_rows(server: PostgresqlServer) -> None:
    """The privileges of the documentation are enough for everything, once the tables exist."""
    async with opened(server.url) as owner:
        await owner.first_seen("key", 60, NOON)
    server.sql(*(statement.format(role=ROLE) for statement in schema.PRIVILEGES))
    async with opened(_url_of_role(server)) as state:
        assert await state.first_seen("key", 60, NOON) == NOON
        assert await state.first_seen("key", 60, NOON + 60 * SECOND) is None
        await state.revoke("client:A", NOON, 60)
        await state.suspend("A", NOON)
        assert await state.revocations(NOON) == {"client:A": NOON, "suspended:A": NOON}
        await state.resume("A")
    assert server.sql(f"SELECT has_schema_privilege('{ROLE}', 'snap_token', 'CREATE')") == ["f"]


@asynchronous
async def test_a_role_that_may_not_create_the_tables(server: PostgresqlServer) -> None:
    """The error says what the owner of the database has to do, with and without the schema."""
    async with opened(_url_of_role(server)) as state:
        missing = await fails(state)
        assert missing.startswith(f"permission denied for database {DATABASE}; let the owner of the database create")
        server.sql("CREATE SCHEMA snap_token")
        assert (await fails(state)).startswith("permission denied for schema snap_token; let the owner")
        server.sql(f"GRANT ALL ON SCHEMA snap_token TO {ROLE}")
        assert await state.first_seen("key", 60, NOON) is None


@asynchronous
async def test_tables_of_a_newer_version(server: PostgresqlServer) -> None:
    """Tables of a newer version are refused, for reads and writes, and are not changed."""
    async with opened(server.url) as state:
        await state.first_seen("key", 60, NOON)
    server.sql("UPDATE snap_token.store SET version = 9")
    message = r"a newer version of this server created the tables in snap_token \(schema 9, .* supports 1\); install"
    async with opened(server.url) as state:
        with pytest.raises(StateDownError, match=message):
            await state.first_seen("other", 60, NOON)
        with pytest.raises(StateDownError, match=message):
            await state.revocations(NOON)
    assert server.sql("SELECT version FROM snap_token.store", "SELECT key FROM snap_token.seen") == ["9", "key"]


@asynchronous
async def test_tables_of_an_older_version(server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of an older version are migrated once, and keep their rows."""
    async with opened(server.url) as state:
        await state.first_seen("key", 60, NOON)
    monkeypatch.setattr(schema, "STEPS", (schema.CREATE, "ALTER TABLE snap_token.seen ADD note text"))
    async with opened(server.url) as one, opened(server.url) as other:
        firsts: tuple[object, object] = await asyncio.gather(
            one.first_seen("key", 60, NOON + SECOND), other.first_seen("key", 60, NOON)
        )
        assert list(firsts) == [NOON, NOON]
    assert server.sql("SELECT version FROM snap_token.store", "SELECT note FROM snap_token.seen") == ["2", ""]


@asynchronous
async def test_a_failed_migration_changes_nothing(server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a step fails, no step takes effect."""
    monkeypatch.setattr(schema, "STEPS", (schema.CREATE, "ALTER TABLE snap_token.missing ADD note text"))
    async with opened(server.url) as state:
        assert "missing" in await fails(state)
    assert server.sql("SELECT to_regnamespace('snap_token') IS NULL") == ["t"]


@asynchronous
async def test_a_slow_migration(server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration that takes longer than a call may goes on, and later calls work."""
    monkeypatch.setattr(schema, "STEPS", (f"{schema.CREATE}; SELECT pg_sleep(0.7)",))
    async with opened(server.url) as state:
        assert await fails(state) == "no answer within 0.5 s"
        await _record(state, "key")
    assert server.sql("SELECT count(*) FROM snap_token.store") == ["1"]


@asynchronous
async def test_a_state_that_is_closed_while_it_migrates(
    server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the state is closed meanwhile, nothing of the migration takes effect."""
    monkeypatch.setattr(schema, "STEPS", (f"{schema.CREATE}; SELECT pg_sleep(9)",))
    async with opened(server.url) as state:
        await fails(state)
    assert server.sql("SELECT to_regnamespace('snap_token') IS NULL") == ["t"]


@asynchronous
async def test_an_empty_table_of_the_version(server: PostgresqlServer) -> None:
    """If somebody emptied the table that has the version, the error says what to do."""
    async with opened(server.url) as state:
        await state.first_seen("key", 60, NOON)
    server.sql("DELETE FROM snap_token.store")
    async with opened(server.url) as state:
        assert (await fails(state)).startswith("the table snap_token.store is empty; drop the schema snap_token")
