"""Readiness follows what requests meet: a state that takes no writes is down, whatever can be read from it."""

import json
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from redis import Redis

from tests.e2e.instances import HOST, TABLES, Answer, Instance, Payments, instances, signed_now
from tests.e2e.process import PATIENCE
from tests.engines import REDIS_SERVERS, redis_server
from tests.merchant import write_settings
from tests.nicepay import Nicepay
from tests.programs import program, skip_or_fail

SMALL = "size=512k"
LARGE = "size=64m"


@dataclass(frozen=True)
class Served:
    """An instance and NICEPAY, who has a token."""

    instance: Instance
    payments: Payments
    names: Iterator[int]

    @property
    def ready(self) -> bool:
        with closing(HTTPConnection(HOST, self.instance.internal_port, timeout=PATIENCE)) as connection:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200

    def pay(self) -> Answer:
        with self.instance.internal() as internal:
            return internal.authorise(self.payments.call(f"ordNo{next(self.names)}"))

    def pay_until(self, status: int) -> Answer:
        """Send calls until one is answered so."""
        deadline = monotonic() + PATIENCE
        while (answer := self.pay()).status != status:
            assert monotonic() < deadline
        return answer

    def rest_of_log(self) -> list[dict[str, Any]]:
        """What the log says of the state from here on, up to the end."""
        self.instance.process.terminate()
        return [line for line in map(json.loads, self.instance.process.err) if line["event"].startswith("state.")]


@contextmanager
def _served(tmp_path: Path, nicepay: Nicepay, url: str, when_down: str = "refuse") -> Iterator[Served]:
    settings = write_settings(tmp_path, nicepay, extra=TABLES)
    with instances(settings, STATE__URL=url, STATE__WHEN_DOWN=when_down) as (instance,):
        with instance.public() as public:
            token = public.ask(signed_now(nicepay)).token
        yield Served(instance, Payments(nicepay, token), count())


def _assert_noticed(served: Served, mend: Callable[[], object], cause: str) -> None:
    """The state takes no writes from here on, until it is mended."""
    assert served.ready
    assert served.pay_until(500).code == "5009002"
    assert not served.ready
    assert cause in served.instance.process.err.event("state.down")["cause"]
    assert served.pay().code == "5009002"
    assert not served.ready
    mend()
    served.instance.process.err.event("state.up")  # No request has tried it.
    assert served.ready
    assert served.pay().status == 200
    assert served.rest_of_log() == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of half a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.getuid():
        skip_or_fail("a file system can be mounted by root alone")
    if subprocess.run([program("mount"), "-t", "tmpfs", "-o", SMALL, "tmpfs", disk], check=False).returncode:
        skip_or_fail("no file system can be mounted here")
    yield disk
    subprocess.run([program("umount"), "--lazy", disk], check=True)


def test_a_full_disk(small_disk: Path, tmp_path: Path, nicepay: Nicepay) -> None:
    """Where the disk is full, a server is not ready and says why, once, until there is room, though it can be read."""
    with _served(tmp_path, nicepay, f"sqlite:///{small_disk}/state.db") as served:
        grow = partial(subprocess.run, [program("mount"), "-o", f"remount,{LARGE}", small_disk], check=True)
        _assert_noticed(served, grow, "database or disk is full")


def test_a_file_that_may_not_grow(tmp_path: Path, nicepay: Nicepay) -> None:
    """A quota, here the limit of a process, is noticed as a full disk is."""
    file = tmp_path / "state.db"
    with _served(tmp_path, nicepay, f"sqlite:///{file}") as served:
        limit = partial(subprocess.run, check=True)
        pid = ["--pid", str(served.instance.process.pid)]
        limit([program("prlimit"), *pid, "--fsize=1:unlimited"])
        _assert_noticed(served, partial(limit, [program("prlimit"), *pid, "--fsize=unlimited"]), "disk")


def test_another_process_has_the_file(tmp_path: Path, nicepay: Nicepay) -> None:
    """While another process keeps a transaction open, here `BEGIN EXCLUSIVE`, a server is not ready."""
    file = tmp_path / "state.db"
    with (
        _served(tmp_path, nicepay, f"sqlite:///{file}") as served,
        closing(sqlite3.connect(file, isolation_level=None)) as other,
    ):
        other.execute("BEGIN EXCLUSIVE")
        assert served.pay().status == 500
        assert not served.ready
        served.instance.process.err.event("state.down")
        other.execute("ROLLBACK")
        served.instance.process.err.event("state.up")
        assert served.ready


@pytest.mark.parametrize("refuse", ["replicaof", "min-replicas-to-write", "maxmemory"])
def test_a_redis_that_takes_no_writes(refuse: str, tmp_path: Path, nicepay: Nicepay) -> None:
    """A replica, a master without its replicas, and a Redis without memory can be read, and the server is not ready."""
    with (
        redis_server(REDIS_SERVERS[0]) as server,
        Redis.from_url(server.url) as redis,
        _served(tmp_path, nicepay, server.tcp_url) as served,
    ):
        spoil, mend, cause = {
            "replicaof": (
                partial(redis.replicaof, "127.0.0.1", "1"),
                partial(redis.replicaof, "NO", "ONE"),
                "read only replica",
            ),
            "min-replicas-to-write": (
                partial(redis.config_set, "min-replicas-to-write", 1),
                partial(redis.config_set, "min-replicas-to-write", 0),
                "NOREPLICAS",
            ),
            "maxmemory": (
                partial(redis.config_set, "maxmemory", 1),
                partial(redis.config_set, "maxmemory", 0),
                "maxmemory",
            ),
        }[refuse]
        spoil()
        _assert_noticed(served, mend, cause)


def test_what_goes_on_is_counted_once(tmp_path: Path, nicepay: Nicepay) -> None:
    """With `continue` a server stays ready; each call that went on is counted once, and no probe is."""
    with (
        redis_server(REDIS_SERVERS[0]) as server,
        _served(tmp_path, nicepay, server.tcp_url, "continue") as served,
    ):
        server.stop()
        served.instance.process.err.event("state.down")
        assert [served.pay().status for _ in range(20)] == [200] * 20
        assert all(served.ready for _ in range(10))
        assert sum(line.get("unchecked", 0) for line in served.rest_of_log()) == 20
