"""Clients that pipeline, that do not read their answers, that half-close and that leave, against a real process."""

import json
import socket
import struct
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.conftest import Sandbox, Server
from tests.e2e.process import PATIENCE
from tests.listening import read_until_closed
from tests.nicepay import BODY, jakarta

MEGABYTE = 1_000_000
MOST_GROWTH = 40 * MEGABYTE
"""Far below the bytes that are sent, and what twenty connections may cost beside them."""
SMALL_WINDOW = 4_096
"""Bytes of answers that the client's side takes unread; the fewer, the sooner the server has to stop."""
RESET = struct.pack("ii", 1, 0)


def _request(server: Server, sandbox: Sandbox, *headers: str) -> bytes:
    signed = (f"{name}: {value}" for name, value in sandbox.nicepay().headers(jakarta(datetime.now(UTC))).items())
    lines = (f"POST {urlsplit(server.endpoint).path} HTTP/1.1", "Host: a", *signed, *headers)
    return "\r\n".join([*lines, f"Content-Length: {len(BODY)}", "", ""]).encode() + BODY


def _connected(server: Server, window: int | None = None) -> socket.socket:
    address = urlsplit(server.endpoint)
    client = socket.socket()
    client.settimeout(PATIENCE)
    if window:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    client.connect((address.hostname, address.port))
    return client


def _resident(server: Server) -> int:
    """Bytes."""
    return int(Path("/proc", str(server.process.pid), "statm").read_text().split()[1]) * 4_096


@pytest.mark.parametrize("connections", [1, 20])
def test_who_pipelines_without_reading_costs_little(server: Server, sandbox: Sandbox, connections: int) -> None:
    """Twenty megabytes of requests that one connection or twenty send unread: memory stays, others are served."""
    assert server.ask(sandbox.nicepay()).status_code == 200
    before = _resident(server)
    data = memoryview(_request(server, sandbox) * (20 * MEGABYTE // 600))
    with ExitStack() as stack:
        for _ in range(connections):
            _send_until_stopped(stack.enter_context(_connected(server, SMALL_WINDOW)), data)
        assert server.ask(sandbox.nicepay()).status_code == 200
        assert _resident(server) - before < MOST_GROWTH


def _send_until_stopped(client: socket.socket, data: memoryview) -> None:
    client.settimeout(0.5)
    with suppress(TimeoutError):
        while data:
            data = data[client.send(data[:65_536]) :]


def test_who_half_closes_gets_every_answer(server: Server, sandbox: Sandbox) -> None:
    """A client that shuts down its sending side behind its requests gets the answers, written to the disk or not."""
    for number in range(50):
        with _connected(server) as client:
            client.sendall(_request(server, sandbox, f"X-Number: {number}") * (number % 3 + 1))
            client.shutdown(socket.SHUT_WR)
            assert read_until_closed(client).count(b"HTTP/1.1 200 OK\r\n") == number % 3 + 1


def test_who_leaves_fails_nothing(server: Server, sandbox: Sandbox) -> None:
    """Clients that reset their connections behind one request or several: the log holds decisions and nothing else."""
    for number in range(60):
        with _connected(server) as client:
            client.sendall(_request(server, sandbox) * (number % 4 + 1))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    server.ask(sandbox.nicepay(), late=timedelta(hours=1))
    for line in map(json.loads, server.process.err):
        if line["event"] == "token.refused":
            return
        assert line["event"] in {"server.listening", "token.issued"}
