"""Clients that pipeline, do not read their answers, half-close or reset the connection, with a real server process."""

import json
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.conftest import Sandbox, Server, serving
from tests.e2e.process import NO_CLIENT_LIMIT, PATIENCE
from tests.listening import read_until_closed
from tests.nicepay import BODY, jakarta

MEGABYTE = 1_000_000
MOST_GROWTH = 40 * MEGABYTE
"""The allowed growth of memory in bytes. It is much less than the bytes that twenty connections send."""
SMALL_WINDOW = 4_096
"""The client's receive buffer in bytes. A small buffer makes the server stop reading soon."""
RESET = struct.pack("ii", 1, 0)


@pytest.fixture
def server(sandbox: Sandbox) -> Iterator[Server]:
    """A server that answers every genuine request, however many there are."""
    with serving(sandbox, **NO_CLIENT_LIMIT) as server:
        yield server


def _request(server: Server, sandbox: Sandbox, *headers: str) -> bytes:
    signed = (f"{name}: {value}" for name, value in sandbox.nicepay().headers(jakarta(datetime.now(UTC))).items())
    lines = (f"POST {urlsplit(server.endpoint).path} HTTP/1.1", "Host: a", *signed, *headers)
    return "\r\n".join([*lines, f"Content-Length: {len(BODY)}", "", ""]).encode() + BODY


def _connected(server: Server, window: int | None = None) -> socket.socket:
    client = socket.socket()
    client.settimeout(PATIENCE)
    if window:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    client.connect(server.address)
    return client


def _resident(server: Server) -> int:
    """The resident memory of the server in bytes."""
    return int(Path("/proc", str(server.process.pid), "statm").read_text().split()[1]) * 4_096


@pytest.mark.parametrize("connections", [1, 20])
def test_pipelining_without_reading_uses_little_memory(server: Server, sandbox: Sandbox, connections: int) -> None:
    """If connections send 20 MB of requests and read no answer, memory stays small and other clients are served."""
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


def test_a_half_closed_connection_gets_every_answer(server: Server, sandbox: Sandbox) -> None:
    """A client that shuts down its sending side after its requests still gets every answer."""
    for number in range(50):
        with _connected(server) as client:
            client.sendall(_request(server, sandbox, f"X-Number: {number}") * (number % 3 + 1))
            client.shutdown(socket.SHUT_WR)
            assert read_until_closed(client).count(b"HTTP/1.1 200 OK\r\n") == number % 3 + 1


def test_a_reset_connection_causes_no_error(server: Server, sandbox: Sandbox) -> None:
    """After clients reset their connections, the log has only decisions and no error."""
    for number in range(60):
        with _connected(server) as client:
            client.sendall(_request(server, sandbox) * (number % 4 + 1))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    server.ask(sandbox.nicepay(), late=timedelta(hours=1))
    for line in map(json.loads, server.process.err):
        if line["event"] == "token.refused":
            return
        assert line["event"] in {"server.listening", "token.issued"}
