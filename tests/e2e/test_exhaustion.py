"""When the machine runs out of something: of descriptors, of connections, of room for the log."""

import os
import resource
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.conftest import COMMAND, FREE_PORT, Sandbox, Server
from tests.e2e.process import PATIENCE, environment
from tests.nicepay import BODY, Nicepay, jakarta
from tests.programs import missing

FULL = Path("/dev/full")
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
        missing("this system has no /dev/full")
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
