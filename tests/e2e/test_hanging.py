"""What hangs, be it a disk, a lock or an engine, delays no answer and no end."""

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

from tests.e2e.instances import TABLES, Answer, Connection, Instance, Payments, instances, signed_now
from tests.engines import REDIS_SERVERS, redis_server
from tests.merchant import write_settings
from tests.nicepay import Nicepay

ROUNDS = 5
AT_ONCE = 10


class Lock:
    """A file that is locked while the test says so."""

    def __init__(self, path: Path, file: IO[str]) -> None:
        self.path = path
        self._file = file

    def take(self) -> None:
        flock(self._file, LOCK_EX)

    def free(self) -> None:
        flock(self._file, LOCK_UN)


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[Lock]:
    """A lock that the command under test waits for while the test has it."""
    path = tmp_path / "lock"
    with path.open("w") as file:
        yield Lock(path, file)


@contextmanager
def _hanging(what: str, lock: Lock, tmp_path: Path, nicepay: Nicepay) -> Iterator[Instance]:
    settings = write_settings(tmp_path, nicepay, extra=TABLES)
    command = (sys.executable, "-m", "tests.e2e.hanging", lock.path, what)
    with instances(settings, command=command, STATE__URL=f"sqlite:///{tmp_path}/state.db") as (served,):
        yield served


def _revoke(internal: Connection, token: str) -> Answer:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return internal.post("/revoke", form, f"token={token}".encode())


def _payments(served: Instance, nicepay: Nicepay) -> Payments:
    with served.public() as public:
        return Payments(nicepay, public.ask(signed_now(nicepay)).token)


def test_every_answer_comes_while_the_state_hangs(lock: Lock, tmp_path: Path, nicepay: Nicepay) -> None:
    """Round after round, whoever asks gets its refusal though the first call of all still hangs."""
    with _hanging("state", lock, tmp_path, nicepay) as served:
        payments = _payments(served, nicepay)
        lock.take()

        def ask(number: int) -> list[str | None]:
            with served.public() as public, served.internal() as internal:
                return [
                    public.ask(signed_now(nicepay)).code,
                    internal.authorise(payments.call(f"ordNo{number}")).code,
                    _revoke(internal, payments.token).code,
                ]

        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(ask, range(ROUNDS * AT_ONCE)))
        assert answers == [["5007302", "5009002", "5000002"]] * len(answers)
        with served.internal() as internal:
            assert internal.introspect(payments.token).code == "5000002"
        lock.free()
        served.process.err.event("state.up")
        with served.internal() as internal:
            assert internal.authorise(payments.call("another")).status == 200


@pytest.mark.parametrize("insistent", [False, True])
def test_it_ends_though_its_state_hangs(lock: Lock, tmp_path: Path, nicepay: Nicepay, *, insistent: bool) -> None:
    """SIGTERM ends it with status 0, and one line says that the state could not be closed."""
    with _hanging("state", lock, tmp_path, nicepay) as served, served.public() as public:
        lock.take()
        assert public.ask(signed_now(nicepay)).code == "5007302"
        for _ in range(1 + insistent):
            served.process.terminate()
        assert "no answer" in served.process.err.event("state.not_closed")["cause"]
        served.process.err.event("server.stopped")
        assert served.process.status() == 0


def test_it_ends_though_its_files_cannot_be_read(lock: Lock, tmp_path: Path, nicepay: Nicepay) -> None:
    """SIGTERM ends it with status 0 while a thread that reads settings or keys anew hangs."""
    with _hanging("reload", lock, tmp_path, nicepay) as served:
        payments = _payments(served, nicepay)
        lock.take()
        served.process.send_signal(signal.SIGHUP)
        with served.internal() as internal:
            assert internal.authorise(payments.call("ordNo1")).status == 200
        served.process.terminate()
        assert served.process.status() == 0


def test_it_ends_though_its_file_is_taken(tmp_path: Path, nicepay: Nicepay) -> None:
    """SIGTERM ends it with status 0 while another process keeps a transaction open."""
    settings = write_settings(tmp_path, nicepay, extra=TABLES)
    file = tmp_path / "state.db"
    with (
        instances(settings, STATE__URL=f"sqlite:///{file}") as (served,),
        closing(sqlite3.connect(file, isolation_level=None)) as other,
        served.public() as public,
    ):
        assert public.ask(signed_now(nicepay)).status == 200
        other.execute("BEGIN EXCLUSIVE")
        assert public.ask(signed_now(nicepay)).code == "5007302"
        served.process.terminate()
        assert served.process.status() == 0


def test_it_ends_though_redis_hangs(tmp_path: Path, nicepay: Nicepay) -> None:
    """SIGTERM ends it with status 0 while Redis is stopped and requests wait for it."""
    settings = write_settings(tmp_path, nicepay, extra=TABLES)
    with (
        redis_server(REDIS_SERVERS[0]) as redis,
        instances(settings, STATE__URL=redis.tcp_url) as (served,),
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        redis.process.send_signal(signal.SIGSTOP)

        def ask(_number: int) -> str | None:
            with served.public() as public:
                return public.ask(signed_now(nicepay)).code

        assert list(pool.map(ask, range(ROUNDS * AT_ONCE))) == ["5007302"] * ROUNDS * AT_ONCE
        served.process.terminate()
        assert served.process.status() == 0
