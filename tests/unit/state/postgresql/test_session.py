"""Connecting to PostgreSQL: several hosts, fail-over, passwords, TLS and poolers."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from handlers.state.port import ALL_TOKENS, DataLossError, State, StateDownError
from tests.certificates import write_certificate
from tests.e2e.process import free_port, running
from tests.engines import NOON, SECOND, asynchronous, opened
from tests.postgresql_server import (
    DATABASE,
    ROLE,
    PostgresqlServer,
    as_postgresql,
    postgresql_server,
    primary_and_standby,
    url_of_all,
)
from tests.programs import program
from tests.unit.state.postgresql.test_engine import fails

MARK = "RECOGNISEME"
DEAD = "127.0.0.1:1"


@pytest.fixture
def server(emptied_postgresql: Callable[[], PostgresqlServer]) -> PostgresqlServer:
    """The server of all tests, with an empty database."""
    return emptied_postgresql()


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresqlServer]:
    """A server whose rules for passwords and TLS the tests of this module may change."""
    with postgresql_server() as server:
        yield server


def _with_hosts(server: PostgresqlServer, *hosts: str) -> str:
    return server.url.replace(server.host, ",".join(hosts))


@asynchronous
async def test_a_socket(server: PostgresqlServer) -> None:
    """A connection can use a socket, which has no password and no TLS."""
    async with opened(server.socket_url) as state:
        assert await state.first_seen("key", 60, NOON) is None


@pytest.mark.parametrize("order", [1, -1])
@asynchronous
async def test_a_host_that_is_down(server: PostgresqlServer, order: int) -> None:
    """A host that is down costs nothing, wherever it is in the list."""
    async with opened(_with_hosts(server, *(DEAD, server.host)[::order])) as state:
        assert await state.first_seen("key", 60, NOON) is None


@asynchronous
async def test_a_host_that_does_not_answer(server: PostgresqlServer) -> None:
    """A host that accepts connections and does not answer delays the connection only a little."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        async with opened(_with_hosts(server, host, server.host)) as state:
            assert await state.first_seen("key", 60, NOON) is None


@asynchronous
async def test_all_hosts_are_down(server: PostgresqlServer) -> None:
    """The error has a cause for each host."""
    async with opened(_with_hosts(server, DEAD, "127.0.0.1:2")) as state:
        message = await fails(state)
    assert message.startswith(f"{DEAD}: ConnectionRefusedError: ")
    assert "; 127.0.0.1:2: ConnectionRefusedError: " in message


@asynchronous
async def test_two_primaries(server: PostgresqlServer, own_server: PostgresqlServer) -> None:
    """If two hosts accept writes, they are not one database, and no call is answered."""
    async with opened(_with_hosts(server, server.host, own_server.host)) as state:
        assert await fails(state) == (
            f"{server.host} and {own_server.host} both accept writes, so they are not one database; stop the wrong one"
        )


@contextmanager
def _with_rule(server: PostgresqlServer, rule: str, *options: str) -> Iterator[None]:
    """Within the block, this rule for connections comes first, and the server has these settings."""
    file = server.data / "pg_hba.conf"
    before = file.read_text()
    for text, settings in ((f"{rule}\n{before}", options), (before, ())):
        server.stop()
        server.add_file(file.name, text)
        server.start(*settings)
        if text != before:
            yield


@asynchronous
async def test_passwords(own_server: PostgresqlServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password comes from the URL, from the file in it, or from the file in PGPASSFILE. No error contains it."""
    own_server.sql(f"CREATE ROLE guarded SUPERUSER LOGIN PASSWORD '{MARK}/1'")
    url = own_server.url.replace(ROLE, "guarded", 1)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    for file, password in ((right, f"{MARK}/1"), (wrong, f"{MARK}/2")):
        file.touch(0o600)
        file.write_text(f"127.0.0.1:{own_server.port}:{DATABASE}:guarded:{password}\n")
    with _with_rule(own_server, "host all guarded 127.0.0.1/32 scram-sha-256"):
        for bad in (url, url.replace("guarded", f"guarded:{MARK}%2F2"), f"{url}?passfile={wrong}"):
            async with opened(bad) as state:
                message = await fails(state)
                assert message.startswith(f"{own_server.host}: InvalidPasswordError: ")
                assert MARK not in message
        for good in (url.replace("guarded", f"guarded:{MARK}%2F1"), f"{url}?passfile={right}"):
            async with opened(good) as state:
                await state.revocations(NOON)
        monkeypatch.setenv("PGPASSFILE", str(right))
        async with opened(url) as state:
            await state.revocations(NOON)


@asynchronous
async def test_tls(own_server: PostgresqlServer, tmp_path: Path) -> None:
    """With `verify-full`, a trusted certificate for the address is accepted, and every other certificate is refused."""
    write_certificate(tmp_path)
    for name in ("cert.pem", "key.pem"):
        own_server.add_file(name, (tmp_path / name).read_text())
    options = ("ssl=on", "ssl_cert_file=cert.pem", "ssl_key_file=key.pem")
    checked = f"{own_server.url}?sslmode=verify-full&sslrootcert={tmp_path}/cert.pem"
    with _with_rule(own_server, "hostnossl all all 127.0.0.1/32 reject", *options):
        async with opened(checked) as state:
            await state.revocations(NOON)
        async with opened(checked.replace("127.0.0.1", "localhost", 1)) as state:
            assert "CERTIFICATE_VERIFY_FAILED" in await fails(state)
        async with opened(f"{own_server.url}?sslmode=disable") as state:
            assert "no encryption" in await fails(state)


async def _first_seen(state: State, key: str) -> object:
    """Call until the state store answers. No test asserts how long it takes."""
    while True:
        with suppress(StateDownError):
            return await state.first_seen(key, 60, NOON, NOON)


def _take_over(primary: PostgresqlServer, standby: PostgresqlServer) -> None:
    primary.kill()
    standby.promote()


@asynchronous
async def test_a_synchronous_standby_takes_over() -> None:
    """After the primary failed, the same state works with the new one. Nothing that was answered is lost."""
    with primary_and_standby("synchronous_standby_names=*") as (primary, standby):
        async with opened(url_of_all(primary, standby)) as state:
            assert await _first_seen(state, "before") in {None, NOON}
            await state.suspend("A", NOON)
            await asyncio.to_thread(_take_over, primary, standby)
            assert await _first_seen(state, "before") == NOON
            assert await state.revocations(NOON) == {"suspended:A": NOON}
            assert await state.first_seen("after", 60, NOON) is None


@asynchronous
async def test_a_standby_takes_over_without_the_last_commits() -> None:
    """If the new primary lacks commits, the requests that were signed until then are refused. So none is repeated."""
    with primary_and_standby() as (primary, standby):
        async with opened(url_of_all(primary, standby)) as state:
            assert await _first_seen(state, "before") is None
            standby.stop()
            assert await state.first_seen("lost", 60, NOON + SECOND) is None
            primary.kill()
            standby.start()
            standby.promote()
            causes = await _causes_until_loss(state)
            assert causes[-1] == str(DataLossError())
            with pytest.raises(DataLossError):
                await state.first_seen("lost", 60, NOON + 2 * SECOND, NOON + SECOND)
            assert await state.first_seen("new", 60, NOON + 3 * SECOND) is None
            assert ALL_TOKENS in await state.revocations(NOON + 3 * SECOND)


async def _causes_until_loss(state: State) -> list[str]:
    causes: list[str] = []
    while True:
        try:
            await state.first_seen("lost", 60, NOON + 2 * SECOND, NOON + SECOND)
        except DataLossError as cause:
            return [*causes, str(cause)]
        except StateDownError as cause:
            causes.append(str(cause))


@pytest.mark.parametrize("ignored", ["extra_float_digits", "extra_float_digits, statement_timeout"])
def test_pgbouncer_is_refused(server: PostgresqlServer, ignored: str) -> None:
    """PgBouncer in transaction mode is refused with a clear line, whether it refuses or drops our time limit."""
    port = free_port()
    server.add_file(
        "pgbouncer.ini",
        f"[databases]\n{DATABASE} = host=127.0.0.1 port={server.port} user={ROLE}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        f"pool_mode = transaction\nignore_startup_parameters = {ignored}\n",
    )
    with running(*as_postgresql(), program("pgbouncer"), server.data / "pgbouncer.ini") as pooler:
        assert any("process up" in line for line in pooler.err)

        @asynchronous
        async def assert_refused() -> None:
            async with opened(server.url.replace(str(server.port), str(port))) as state:
                assert "a pooler such as PgBouncer answers at this address" in await fails(state)

        assert_refused()
