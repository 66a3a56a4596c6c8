"""An instance is not ready while its state store accepts no writes, even if it can be read."""

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

from tests.e2e.instances import HOST, TABLES, Answer, Instance, Payments, instances
from tests.e2e.process import PATIENCE
from tests.engines import REDIS_SERVERS, redis_server
from tests.merchant import write_settings
from tests.nicepay import Nicepay
from tests.postgresql_server import primary_and_standby, url_of_all
from tests.programs import program, skip_or_fail
from tests.sentinel_server import sentinel_stage

SMALL = "size=512k"
LARGE = "size=64m"


@dataclass(frozen=True)
class Served:
    """An instance, and NICEPAY's calls with a token."""

    instance: Instance
    payments: Payments
    names: Iterator[int]

    @property
    def ready(self) -> bool:
        with closing(HTTPConnection(HOST, self.instance.internal_port, timeout=PATIENCE)) as connection:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200

    def pay(self) -> Answer:
        return self.instance.authorise(self.payments.call(f"ordNo{next(self.names)}"))

    def pay_until(self, status: int) -> Answer:
        """Send calls until one gets this status."""
        deadline = monotonic() + PATIENCE
        while (answer := self.pay()).status != status:
            assert monotonic() < deadline
        return answer

    def rest_of_log(self) -> list[dict[str, Any]]:
        """Stop the instance and return its remaining log lines about the state store."""
        self.instance.process.terminate()
        return [line for line in map(json.loads, self.instance.process.err) if line["event"].startswith("state.")]


@contextmanager
def _served(tmp_path: Path, nicepay: Nicepay, url: str, when_down: str = "refuse") -> Iterator[Served]:
    settings = write_settings(tmp_path, nicepay, extra=TABLES)
    with instances(settings, STATE__URL=url, STATE__WHEN_DOWN=when_down) as (instance,):
        yield Served(instance, instance.payments(nicepay), count())


def _assert_noticed(served: Served, repair: Callable[[], object], cause: str) -> None:
    """Check that the instance notices a state store without writes, and notices its repair."""
    assert served.ready
    assert served.pay_until(500).code == "5009002"
    assert not served.ready
    assert cause in served.instance.process.err.event("state.down")["cause"]
    assert served.pay().code == "5009002"
    assert not served.ready
    repair()
    served.instance.process.err.event("state.up")  # Without a request.
    assert served.ready
    assert served.pay().status == 200
    assert served.rest_of_log() == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 512 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.getuid():
        skip_or_fail("a file system can be mounted by root alone")
    if subprocess.run([program("mount"), "-t", "tmpfs", "-o", SMALL, "tmpfs", disk], check=False).returncode:
        skip_or_fail("no file system can be mounted here")
    yield disk
    subprocess.run([program("umount"), "--lazy", disk], check=True)


def test_a_full_disk(small_disk: Path, tmp_path: Path, nicepay: Nicepay) -> None:
    """While the disk of the state is full, the server is not ready and logs the cause once."""
    with _served(tmp_path, nicepay, f"sqlite:///{small_disk}/state.db") as served:
        grow = partial(subprocess.run, [program("mount"), "-o", f"remount,{LARGE}", small_disk], check=True)
        _assert_noticed(served, grow, "database or disk is full")


def test_a_file_that_may_not_grow(tmp_path: Path, nicepay: Nicepay) -> None:
    """A limit of the file size, like a quota, is noticed like a full disk."""
    file = tmp_path / "state.db"
    with _served(tmp_path, nicepay, f"sqlite:///{file}") as served:
        limit = partial(subprocess.run, check=True)
        pid = ["--pid", str(served.instance.process.pid)]
        limit([program("prlimit"), *pid, "--fsize=1:unlimited"])
        _assert_noticed(served, partial(limit, [program("prlimit"), *pid, "--fsize=unlimited"]), "disk")


def test_another_process_locks_the_file(tmp_path: Path, nicepay: Nicepay) -> None:
    """While another process holds a transaction open (`BEGIN EXCLUSIVE`), the server is not ready."""
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
def test_a_redis_that_accepts_no_writes(refuse: str, tmp_path: Path, nicepay: Nicepay) -> None:
    """With a replica, a master without its replicas or a Redis without free memory, the server is not ready."""
    with (
        redis_server(REDIS_SERVERS[0]) as server,
        Redis.from_url(server.url) as redis,
        _served(tmp_path, nicepay, server.tcp_url) as served,
    ):
        spoil, repair, cause = {
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
        _assert_noticed(served, repair, cause)


def test_a_postgresql_standby_takes_over(tmp_path: Path, nicepay: Nicepay) -> None:
    """After a fail-over, the server serves again without a restart, and still knows every call."""
    with (
        primary_and_standby("synchronous_standby_names=*") as (primary, standby),
        _served(tmp_path, nicepay, url_of_all(primary, standby)) as served,
    ):
        call = served.payments.call("before")
        assert served.instance.authorise(call).status == 200
        primary.kill()
        served.instance.process.err.event("state.down")
        standby.promote()
        served.instance.process.err.event("state.up")
        assert served.ready
        assert served.instance.authorise(call).code == "4099000"


def test_a_redis_replica_takes_over(tmp_path: Path, nicepay: Nicepay) -> None:
    """After the sentinels promoted a replica, the server serves again without a restart, and still knows every call."""
    with (
        sentinel_stage(REDIS_SERVERS[0]) as stage,
        _served(tmp_path, nicepay, stage.url) as served,
        Redis.from_url(stage.primary.url) as primary,
    ):
        call = served.payments.call("before")
        assert served.instance.authorise(call).status == 200
        primary.wait(1, 0)
        stage.primary.process.kill()
        served.instance.process.err.event("state.down")
        served.instance.process.err.event("state.up")
        assert served.ready
        assert served.instance.authorise(call).code == "4099000"


def test_each_unchecked_call_is_counted_once(tmp_path: Path, nicepay: Nicepay) -> None:
    """With `when_down = "continue"` the server stays ready, and counts each unchecked call once and no probe."""
    with (
        redis_server(REDIS_SERVERS[0]) as server,
        _served(tmp_path, nicepay, server.tcp_url, "continue") as served,
    ):
        server.stop()
        served.instance.process.err.event("state.down")
        assert [served.pay().status for _ in range(20)] == [200] * 20
        assert all(served.ready for _ in range(10))
        assert sum(line.get("unchecked", 0) for line in served.rest_of_log()) == 20
