"""A client on a raw socket that breaks the rules of HTTP, and records the answers."""

import re
import select
import socket
import struct
import time
from dataclasses import dataclass, field

Address = tuple[str, int]

CLOSED = 0
"""In place of a status code: the server closed the connection without an answer."""

OPEN = -1
"""In place of a status code: no answer, and the connection is still open at the end."""

PATIENCE = 30.0
"""Seconds to wait for what always happens. A busy machine must fail no test."""

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_FINAL = 200


@dataclass(frozen=True)
class Drip:
    """Send one piece in each interval, until everything is sent or the server answers."""

    data: bytes
    piece: int = 1
    seconds: float = 0.25


@dataclass(frozen=True)
class Await:
    """Wait until these bytes have arrived, or until the time is over."""

    data: bytes
    seconds: float = PATIENCE


class HalfClose:
    """Close the sending side and continue to read."""


class Reset:
    """Reset the connection (RST)."""


Step = bytes | Drip | Await | HalfClose | Reset


@dataclass
class Player:
    """A client that performs the steps of one case from its own source address."""

    address: Address
    source: str
    received: bytes = b""
    closed: bool = False
    connection: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self.connection = socket.create_connection(self.address, timeout=PATIENCE, source_address=(self.source, 0))
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def play(self, steps: tuple[Step, ...]) -> int:
        """Perform every step, listen until the server closes, and return the first final status, CLOSED or OPEN."""
        with self.connection:
            for step in steps:
                self._do(step)
            self._listen(PATIENCE)
        return next(iter(self.statuses), CLOSED if self.closed else OPEN)

    @property
    def statuses(self) -> list[int]:
        """The final status codes in the order of their arrival."""
        return [status for status in map(int, _STATUS.findall(self.received)) if status >= _FINAL]

    def _do(self, step: Step) -> None:
        """Perform one step. A closed connection is not an error, because the answer is read at the end."""
        try:
            match step:
                case bytes():
                    self.connection.sendall(step)
                case Drip():
                    self._drip(step)
                case Await(data, seconds):
                    self._listen(seconds, until=data)
                case HalfClose():
                    self.connection.shutdown(socket.SHUT_WR)
                case Reset():
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()
                    self.closed = True
        except OSError:
            return

    def _drip(self, drip: Drip) -> None:
        before = len(self.received)
        for at in range(0, len(drip.data), drip.piece):
            self.connection.sendall(drip.data[at : at + drip.piece])
            self._listen(drip.seconds)
            if self.closed or len(self.received) > before:
                return

    def _listen(self, seconds: float, until: bytes | None = None) -> None:
        end = time.monotonic() + seconds
        while not self.closed and not (until and until in self.received):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.connection], [], [], left)[0]:
                return
            self._receive()

    def _receive(self) -> None:
        try:
            data = self.connection.recv(65_536)
        except OSError:
            data = b""
        self.received += data
        self.closed = not data
