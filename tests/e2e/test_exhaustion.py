"""When the machine runs out of something: of descriptors, of connections, of room for the log."""

import json
import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.conftest import COMMAND, FREE_PORT, Sandbox, Server
from tests.e2e.process import PATIENCE, environment, running
from tests.nicepay import BODY, Nicepay, jakarta
from tests.programs import skip_or_fail

FULL = Path("/dev/full")
IN_MEMORY = {"SNAP_TOKEN__STATE__URL": "memory://"}
SPARE = 4
"""Descriptors that the server is left with."""


def _connections(server: Server, number: int) -> ExitStack:
    """So many connections that say nothing."""
    address = urlsplit(server.endpoint)
    stack = ExitStack()
    for _ in range(number):
        stack.enter_context(socket.create_connection((address.hostname, address.port), timeout=PATIENCE))
    return stack


def _seconds_of_cpu(pid: int) -> float:
    fields = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_without_descriptors_it_waits_and_recovers(server: Server, sandbox: Sandbox) -> None:
    """Out of descriptors, the server says so once a second, neither ends nor spins, and serves when there are some."""
    server.ask(sandbox.nicepay())
    open_now = len(list(Path("/proc", str(server.process.pid), "fd").iterdir()))
    limit = open_now + SPARE
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
    with _connections(server, 3 * SPARE):
        assert server.process.err.event("server.cannot_accept")["cause"] == "Too many open files"
        before = _seconds_of_cpu(server.process.pid)
        server.process.err.event("server.cannot_accept")
        server.process.err.event("server.cannot_accept")
        assert _seconds_of_cpu(server.process.pid) - before < 1
    assert server.ask(sandbox.nicepay()).status_code == 200


@pytest.fixture
def unheard(sandbox: Sandbox) -> Iterator[str]:
    """The endpoint of a server whose log goes to a disk that is full."""
    if not FULL.exists():
        skip_or_fail("this system has no /dev/full")
    command: list[str | Path] = [COMMAND, "serve", "--config", sandbox.config]
    with (
        FULL.open("w") as full,
        subprocess.Popen(
            command, env=environment(**FREE_PORT), stdout=subprocess.PIPE, stderr=full, text=True
        ) as process,
    ):
        assert process.stdout
        yield process.stdout.readline().split()[-1]
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_a_full_disk_refuses_nobody(unheard: str, sandbox: Sandbox, stranger: Nicepay) -> None:
    """With no room for a log line, tokens are issued and refusals made as ever, and the server ends in good order."""
    for client, status in ((sandbox.nicepay(), 200), (stranger, 401)):
        headers = client.headers(jakarta(datetime.now(UTC)))
        assert httpx.post(unheard, headers=headers, content=BODY, trust_env=False).status_code == status


def _lines(log: Path, event: str) -> list[dict[str, Any]]:
    """The lines of that event so far; each of the log is one object of JSON, but for the one that was cut off."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
    return [line for line in lines if line["event"] == event]


def _until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_log_with_no_room_for_a_while_tells_what_is_missing(sandbox: Sandbox, tmp_path: Path) -> None:
    """Lines that find no room are counted; once there is room, the log has their number and time, on a whole line."""
    log, env = tmp_path / "log", environment(**FREE_PORT, **IN_MEMORY)
    with running(COMMAND, "serve", "--config", sandbox.config, env=env, log=log) as process:
        _until(lambda: log.exists() and bool(_lines(log, "server.listening")))
        server = Server(process, _lines(log, "server.listening")[0]["endpoint"])
        most = log.stat().st_size + 10
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        assert {server.ask(sandbox.nicepay()).status_code for _ in range(5)} == {200}
        _until(lambda: log.stat().st_size == most)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        process.send_signal(signal.SIGTERM)
        assert process.status() == 0
    lost, issued = _lines(log, "log.lost"), _lines(log, "token.issued")
    assert sum(line["lines"] for line in lost) + len(issued) == 5
    assert lost
    assert all(datetime.fromisoformat(line["timestamp"]).tzinfo for line in lost)


def test_a_log_that_does_not_block_loses_nothing(sandbox: Sandbox) -> None:
    """Where standard error is non-blocking and its reader late, every line arrives, whole."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    command: list[str | Path] = [COMMAND, "serve", "--config", sandbox.config]
    env = environment(**FREE_PORT)
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=write, text=True) as process:
        os.close(write)
        assert process.stdout
        address = process.stdout.readline().split()[-1]
        with httpx.Client(trust_env=False) as client:
            answers = [client.get(f"{address}/{'x' * 200}") for _ in range(200)]
        process.terminate()
        with os.fdopen(read) as log:
            lines = [json.loads(line) for line in log]
        assert process.wait(PATIENCE) == 0
    assert {answer.status_code for answer in answers} == {404}
    assert [line["event"] for line in lines].count("token.refused") == 200
