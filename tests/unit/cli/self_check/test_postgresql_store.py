"""The checks of a PostgreSQL, on a real server."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from handlers.cli.self_check import postgresql_store
from handlers.cli.self_check.finding import Finding
from handlers.cli.self_check.postgresql_store import check_postgresql
from handlers.state.opening import StateUrl
from handlers.state.postgresql import schema
from tests.engines import NOON, asynchronous, opened
from tests.postgresql_server import DATABASE, PostgresqlServer, postgresql_server

GOOD = {
    "state.latency": "good",
    "state.version": "good",
    "state.persistence": "good",
    "state.integrity": "good",
}


def _check(url: str) -> dict[str, Finding]:
    database = StateUrl(url).postgresql()
    assert database
    return {each.check: each for each in asyncio.run(check_postgresql(database))}


def _severities(url: str) -> dict[str, str]:
    return {check: finding.severity for check, finding in _check(url).items()}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    """A server that keeps its data, with the tables of this server."""
    with postgresql_server("fsync=on") as server:

        @asynchronous
        async def create_tables() -> None:
            async with opened(server.url) as state:
                await state.revocations(NOON)

        create_tables()
        yield server


@contextmanager
def _configured(server: PostgresqlServer, setting: str) -> Iterator[None]:
    """Restart the server with this setting, and without it at the end of the block."""
    server.stop()
    server.start("fsync=on", setting)
    try:
        yield
    finally:
        server.stop()
        server.start("fsync=on")


def test_a_durable_postgresql_is_good_and_unchanged(server: PostgresqlServer) -> None:
    """A server that keeps its data is good, and the check writes nothing to it."""
    before = server.sql("SELECT pg_current_wal_insert_lsn()")
    assert _severities(server.url) == GOOD
    assert server.sql("SELECT pg_current_wal_insert_lsn()") == before
    assert _check(server.url)["state.persistence"].found == "fsync on, full_page_writes on, synchronous_commit on"


@pytest.mark.parametrize(
    ("setting", "severity", "advice"),
    [
        ("fsync=off", "error", "set fsync on"),
        ("full_page_writes=off", "warning", "set full_page_writes on"),
        (
            "synchronous_commit=off",
            "warning",
            "set synchronous_commit on; until then, this server sets it for its own connections",
        ),
    ],
)
def test_a_server_that_can_lose_data(server: PostgresqlServer, setting: str, severity: str, advice: str) -> None:
    """Each setting with which a loss of power loses data is found."""
    with _configured(server, setting):
        finding = _check(server.url)["state.persistence"]
    assert (finding.severity, finding.advice) == (severity, advice)


@pytest.mark.parametrize(("setting", "severity"), [("synchronous_standby_names=", "warning"), ("fsync=on", "good")])
def test_a_standby_that_may_lack_commits(server: PostgresqlServer, setting: str, severity: str) -> None:
    """With several hosts in the URL, a commit should wait for a standby. A check does not wait for it."""
    names = "synchronous_standby_names=standby" if severity == "good" else setting
    with _configured(server, names):
        finding = _check(server.url.replace(server.host, f"127.0.0.1:1,{server.host}"))["state.replication"]
    assert finding.severity == severity


def test_a_connection_that_others_can_read(server: PostgresqlServer) -> None:
    """A connection over the network without TLS that checks the server is a warning."""
    finding = _check(server.url.replace("127.0.0.1", "0.0.0.0"))["state.encryption"]  # noqa: S104  it is only connected to
    assert (finding.severity, finding.advice) == (
        "warning",
        "add sslmode=verify-full and sslrootcert to state.url",
    )


def test_the_privileges_of_the_role(server: PostgresqlServer) -> None:
    """A role needs the schema, and all privileges on the rows of the tables."""
    url = server.url.replace("snap@", "checked@")
    server.sql("CREATE ROLE checked LOGIN")
    assert _check(url)["state.integrity"].found == "permission denied for schema snap_token"
    *others, rows = (statement.format(role="checked") for statement in schema.PRIVILEGES)
    server.sql(*others, rows.replace("INSERT, ", ""))
    finding = _check(url)["state.integrity"]
    assert finding.severity == "error"
    assert finding.found == "this role may not read and change these tables: revoked, seen, suspended"
    server.sql(rows)
    assert _severities(url) == GOOD


def test_the_version_of_the_tables(server: PostgresqlServer) -> None:
    """Tables of a newer version or without a version are an error. Tables that do not exist yet are not checked."""
    server.sql("UPDATE snap_token.store SET version = 9")
    try:
        newer = _check(server.url)["state.integrity"]
        server.sql("DELETE FROM snap_token.store")
        emptied = _check(server.url)["state.integrity"]
    finally:
        server.sql("DELETE FROM snap_token.store", "INSERT INTO snap_token.store (version) VALUES (1)")
    version = "a newer version of this server created the tables in snap_token (schema 9, this version supports 1)"
    assert (newer.severity, newer.found, newer.advice) == ("error", version, "install that version")
    assert (emptied.severity, emptied.found) == ("error", "the table snap_token.store is empty")
    assert _severities(server.url.replace(f"/{DATABASE}", "/postgres"))["state.integrity"] == "skipped"


def test_an_old_version_is_an_error(server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that this server does not support is an error."""
    monkeypatch.setattr(postgresql_store, "OLDEST_VERSION", 99)
    assert _severities(server.url)["state.version"] == "error"


def test_a_postgresql_that_does_not_answer_is_one_error(
    server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If nothing answers, nothing else is said."""
    (finding,) = _check("postgresql://127.0.0.1:1/db").values()
    assert finding.severity == "error"
    assert finding.found.startswith("the state store does not answer: 127.0.0.1:1: ConnectionRefusedError: ")
    monkeypatch.setattr(postgresql_store, "_FORBIDDEN", "SELECT pg_sleep(9)")
    (finding,) = _check(server.url).values()
    assert finding.found.startswith("the state store does not answer: ")
