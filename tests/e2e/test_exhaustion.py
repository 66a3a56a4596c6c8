"""The server when a resource runs out: file descriptors, connections, or disk space for the log."""

import json
import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Sandbox, Server
from tests.e2e.process import COMMAND, FREE_PORT, PATIENCE, environment, running, wait_until
from tests.nicepay import BODY, Nicepay, jakarta
from tests.programs import skip_or_fail

FULL = Path("/dev/full")
IN_MEMORY = {"SNAP_TOKEN__STATE__URL": "memory://"}
SPARE = 4
"""File descriptors that remain for the server."""


def _connections(server: Server, number: int) -> ExitStack:
    """Open this number of connections that send nothing."""
    stack = ExitStack()
    for _ in range(number):
        stack.enter_context(server.connect())
    return stack


def _cpu_seconds(pid: int) -> float:
    fields = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_the_server_recovers_from_a_lack_of_file_descriptors(server: Server, sandbox: Sandbox) -> None:
    """Without file descriptors the server logs this once a second, uses little CPU, and serves again afterwards."""
    server.ask(sandbox.nicepay())
    open_now = len(list(Path("/proc", str(server.process.pid), "fd").iterdir()))
    limit = open_now + SPARE
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
    with _connections(server, 3 * SPARE):
        assert server.process.err.event("server.cannot_accept")["cause"] == "Too many open files"
        before = _cpu_seconds(server.process.pid)
        server.process.err.event("server.cannot_accept")
        server.process.err.event("server.cannot_accept")
        assert _cpu_seconds(server.process.pid) - before < 1
    assert server.ask(sandbox.nicepay()).status_code == 200


@pytest.fixture
def endpoint_with_full_log(sandbox: Sandbox) -> Iterator[str]:
    """The endpoint of a server whose log goes to a full disk."""
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


def test_a_full_disk_for_the_log_changes_no_answer(
    endpoint_with_full_log: str, sandbox: Sandbox, stranger: Nicepay
) -> None:
    """If the disk of the log is full, the server still answers correctly and ends with status 0."""
    for client, status in ((sandbox.nicepay(), 200), (stranger, 401)):
        headers = client.headers(jakarta(datetime.now(UTC)))
        response = httpx.post(endpoint_with_full_log, headers=headers, content=BODY, trust_env=False)
        assert response.status_code == status


def _lines(log: Path, event: str) -> list[dict[str, Any]]:
    """The log lines of that event. Each line is a JSON object, except one that was cut off."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
    return [line for line in lines if line["event"] == event]


def test_the_log_counts_the_lines_that_it_lost(sandbox: Sandbox, tmp_path: Path) -> None:
    """Log lines that cannot be written are counted; when there is space again, a line gives their number and time."""
    log, env = tmp_path / "log", environment(**FREE_PORT, **IN_MEMORY)
    with running(COMMAND, "serve", "--config", sandbox.config, env=env, log=log) as process:
        wait_until(lambda: log.exists() and bool(_lines(log, "server.listening")))
        server = Server(process, _lines(log, "server.listening")[0]["endpoint"])
        most = log.stat().st_size + 10
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        assert {server.ask(sandbox.nicepay()).status_code for _ in range(5)} == {200}
        wait_until(lambda: log.stat().st_size == most)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        process.send_signal(signal.SIGTERM)
        assert process.status() == 0
    lost, issued = _lines(log, "log.lost"), _lines(log, "token.issued")
    assert sum(line["lines"] for line in lost) + len(issued) == 5
    assert lost
    assert all(datetime.fromisoformat(line["timestamp"]).tzinfo for line in lost)


def test_a_non_blocking_log_loses_no_line(sandbox: Sandbox) -> None:
    """If standard error is non-blocking and its reader is slow, every line still arrives complete."""
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
