"""The load: as many requests as a server can answer, or a constant rate."""

import json
import re
import select
import socket
import ssl
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from shutil import which
from tempfile import NamedTemporaryFile

from tests.bench.contestants import place
from tests.nicepay import BODY, JAKARTA, Nicepay

CONNECTIONS = 64
"""Enough connections to keep a core busy while a transaction is written."""
_SCRIPT = Path(__file__).with_name("requests.lua")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_SECONDS_FOR_LAST_ANSWERS = 10.0
_SPIN_SECONDS = 0.0002
_IDLE_SECONDS = 0.01

WRK = which("wrk")
GENERATOR = f"wrk, {CONNECTIONS} connections" if WRK else f"own (wrk is missing), {CONNECTIONS} connections"


@dataclass
class Load:
    """The result of a load: duration in seconds, answers with status 200, other answers, latencies in seconds."""

    seconds: float = 0.0
    answered: int = 0
    refused: int = 0
    latencies: list[float] = field(default_factory=list)


def signed(nicepay: Nicepay, count: int) -> list[bytes]:
    """Distinct token requests. Their timestamps start now and are a millisecond apart."""
    now = datetime.now(JAKARTA)
    instants = (now + timedelta(milliseconds=number) for number in range(count))
    return [raw_post(place.PATH, nicepay.headers(each.isoformat(timespec="milliseconds")), BODY) for each in instants]


def raw_post(path: str, headers: dict[str, str], body: bytes) -> bytes:
    """The bytes of a POST request."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def client_context() -> ssl.SSLContext:
    """A client that accepts every certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def saturate(
    port: int, requests: Sequence[bytes], seconds: float, connections: int = CONNECTIONS, *, tls: bool = False
) -> Load:
    """Send requests as fast as the server answers them."""
    if WRK:
        origin = f"{'https' if tls else 'http'}://127.0.0.1:{port}/"
        return _by_wrk(WRK, origin, requests, seconds, connections)
    return Generator(port, requests, connections, tls=tls).run(seconds, 0.0)


def _by_wrk(wrk: str, origin: str, requests: Sequence[bytes], seconds: float, connections: int) -> Load:
    with NamedTemporaryFile() as file:
        file.write(b"".join(request + b"\0" for request in requests))
        file.flush()
        done = subprocess.run(
            [
                *(wrk, "--threads", "1", "--connections", str(connections), "--duration", f"{seconds:.0f}s"),
                *("--timeout", "20s", "--script", _SCRIPT, origin, "--", file.name),
            ],
            capture_output=True,
            text=True,
            timeout=seconds + 60,
            check=True,
        )
    summary = json.loads(done.stdout.splitlines()[-1])
    refused = summary["refused"] + summary["broken"]
    return Load(summary["seconds"], summary["answered"] - summary["refused"], refused)


@dataclass
class Pending:
    """A request that waits for its answer: when it was due, and the part of the answer that has arrived."""

    due: float
    request: bytes
    answer: bytes = b""


class Generator:
    """Sends requests on free connections when they are due. Latency counts from the due time and includes waiting."""

    def __init__(
        self, port: int, requests: Sequence[bytes], connections: int = CONNECTIONS, *, tls: bool = False
    ) -> None:
        self._address = ("127.0.0.1", port)
        self._context = client_context() if tls else None
        self._requests = cycle(requests)
        self._idle = [self._connected() for _ in range(connections)]
        self._pending: dict[socket.socket, Pending] = {}
        self._load = Load()

    def run(self, seconds: float, interval: float) -> Load:
        """Send a request every `interval` seconds, or with 0 as soon as a connection is free, for `seconds`."""
        start = time.perf_counter()
        end, due = start + seconds, start
        while (now := time.perf_counter()) < end + _SECONDS_FOR_LAST_ANSWERS and (now < end or self._pending):
            if now < end and now >= due and self._idle:
                self._send(self._idle.pop(), Pending(due if interval else now, next(self._requests)))
                due += interval
                continue
            self._receive(due - now if now < end and self._idle else _IDLE_SECONDS)
        self._load.seconds = time.perf_counter() - start
        self._load.refused += len(self._pending)
        self._close()
        return self._load

    def _connected(self) -> socket.socket:
        connection = socket.create_connection(self._address)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._context.wrap_socket(connection) if self._context else connection

    def _send(self, connection: socket.socket, pending: Pending) -> None:
        self._pending[connection] = pending
        try:
            connection.sendall(pending.request)
        except OSError:
            self._resend(connection)

    def _resend(self, connection: socket.socket) -> None:
        """Send the request again on a new connection, because the server closed this one. It keeps its due time."""
        pending = self._pending.pop(connection)
        connection.close()
        self._send(self._connected(), Pending(pending.due, pending.request))

    def _receive(self, patience: float) -> None:
        """Read the answers that have arrived. Do not sleep just before the next due time, because sleep may be late."""
        ready, _, _ = select.select(list(self._pending), [], [], max(0.0, patience - _SPIN_SECONDS))
        for connection in ready:
            self._read(connection)

    def _read(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(65_536)
        except OSError:
            data = b""
        if not data:
            self._resend(connection)
            return
        pending = self._pending[connection]
        pending.answer += data
        if _is_complete(pending.answer):
            self._count(self._pending.pop(connection))
            self._idle.append(connection)

    def _count(self, pending: Pending) -> None:
        if pending.answer.startswith(b"HTTP/1.1 200"):
            self._load.answered += 1
            self._load.latencies.append(time.perf_counter() - pending.due)
        else:
            self._load.refused += 1

    def _close(self) -> None:
        for connection in (*self._idle, *self._pending):
            connection.close()


def _is_complete(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return bool(end) and (length is None or len(body) >= int(length[1]))
