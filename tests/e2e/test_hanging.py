"""A hanging disk, lock or state store delays neither the answers nor the end of the server."""

import signal
import sqlite3
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from fcntl import LOCK_EX, LOCK_UN, flock
from pathlib import Path
from typing import IO

import pytest

from tests.e2e.instances import TABLES, Instance, instances, signed_now
from tests.e2e.process import running
from tests.engines import REDIS_SERVERS, redis_server
from tests.merchant import write_settings
from tests.nicepay import Nicepay

ROUNDS = 5
AT_ONCE = 10


class Lock:
    """A file that the test can lock and unlock."""

    def __init__(self, path: Path, file: IO[str]) -> None:
        self.path = path
        self._file = file

    def take(self) -> None:
        flock(self._file, LOCK_EX)

    def free(self) -> None:
        flock(self._file, LOCK_UN)


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[Lock]:
    """A lock. The command under test hangs while the test holds it."""
    path = tmp_path / "lock"
    with path.open("w") as file:
        yield Lock(path, file)


@contextmanager
def _hanging(what: str, lock: Lock, tmp_path: Path, nicepay: Nicepay) -> Iterator[Instance]:
    settings = write_settings(tmp_path, nicepay, extra=TABLES)
    command = (sys.executable, "-m", "tests.e2e.hanging", lock.path, what)
    with instances(settings, command=command, STATE__URL=f"sqlite:///{tmp_path}/state.db") as (served,):
        yield served


def test_every_request_is_refused_while_the_state_hangs(lock: Lock, tmp_path: Path, nicepay: Nicepay) -> None:
    """While the first call to the state store still hangs, every later request gets its refusal."""
    with _hanging("state", lock, tmp_path, nicepay) as served:
        payments = served.payments(nicepay)
        lock.take()

        def ask(number: int) -> list[str | None]:
            with served.public() as public, served.internal() as internal:
                return [
                    public.ask(signed_now(nicepay)).code,
                    internal.authorise(payments.call(f"ordNo{number}")).code,
                    internal.revoke(payments.token).code,
                ]

        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(ask, range(ROUNDS * AT_ONCE)))
        assert answers == [["5007302", "5009002", "5000002"]] * len(answers)
        with served.internal() as internal:
            assert internal.introspect(payments.token).code == "5000002"
        lock.free()
        served.process.err.event("state.up")
        assert served.authorise(payments.call("another")).status == 200


@pytest.mark.parametrize("signals", [1, 2])
def test_the_server_ends_while_its_state_hangs(lock: Lock, tmp_path: Path, nicepay: Nicepay, signals: int) -> None:
    """One SIGTERM or two end the server with status 0, and a log line says that the state could not be closed."""
    with _hanging("state", lock, tmp_path, nicepay) as served:
        lock.take()
        assert served.ask(signed_now(nicepay)).code == "5007302"
        for _ in range(signals):
            served.process.terminate()
        assert "no answer" in served.process.err.event("state.not_closed")["cause"]
        served.process.err.event("server.stopped")
        assert served.process.status() == 0


def test_the_server_ends_while_a_reload_hangs(lock: Lock, tmp_path: Path, nicepay: Nicepay) -> None:
    """SIGTERM ends the server with status 0 while the thread that reloads settings and keys hangs."""
    with _hanging("reload", lock, tmp_path, nicepay) as served:
        payments = served.payments(nicepay)
        lock.take()
        served.process.send_signal(signal.SIGHUP)
        assert served.authorise(payments.call("ordNo1")).status == 200
        served.process.terminate()
        assert served.process.status() == 0


def test_the_server_ends_while_its_start_hangs(lock: Lock, tmp_path: Path, nicepay: Nicepay) -> None:
    """SIGTERM ends the server with status 0 and a log line while the start hangs and no signal handler runs."""
    settings = write_settings(tmp_path, nicepay, extra=f'[state]\nurl = "sqlite:///{tmp_path}/state.db"')
    lock.take()
    with running(
        sys.executable, "-m", "tests.e2e.hanging", lock.path, "start", "serve", "--config", settings
    ) as process:
        process.out.starting("hanging")
        process.terminate()
        assert process.err.event("server.cut_off")["threads"] == ["MainThread"]
        assert process.status() == 0


def test_the_server_ends_while_its_file_is_locked(tmp_path: Path, nicepay: Nicepay) -> None:
    """SIGTERM ends the server with status 0 while another process holds a transaction open."""
    settings = write_settings(tmp_path, nicepay, extra=TABLES)
    file = tmp_path / "state.db"
    with (
        instances(settings, STATE__URL=f"sqlite:///{file}") as (served,),
        closing(sqlite3.connect(file, isolation_level=None)) as other,
    ):
        assert served.ask(signed_now(nicepay)).status == 200
        other.execute("BEGIN EXCLUSIVE")
        assert served.ask(signed_now(nicepay)).code == "5007302"
        served.process.terminate()
        assert served.process.status() == 0


def test_the_server_ends_while_redis_hangs(tmp_path: Path, nicepay: Nicepay) -> None:
    """SIGTERM ends the server with status 0 while Redis is stopped and requests wait for it."""
    settings = write_settings(tmp_path, nicepay, extra=TABLES)
    with (
        redis_server(REDIS_SERVERS[0]) as redis,
        instances(settings, STATE__URL=redis.tcp_url) as (served,),
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        redis.process.send_signal(signal.SIGSTOP)

        def ask(_number: int) -> str | None:
            return served.ask(signed_now(nicepay)).code

        assert list(pool.map(ask, range(ROUNDS * AT_ONCE))) == ["5007302"] * ROUNDS * AT_ONCE
        served.process.terminate()
        assert served.process.status() == 0
