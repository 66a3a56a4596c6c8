"""What a supervisor and its worker say to each other, on a pair of sockets.

An older supervisor starts newer workers after an upgrade. So what is written here stays as it is, and whatever one side
does not know, it ignores.
"""

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Self

import orjson


class Order(Enum):
    """One byte from the supervisor. The end of the connection means that the supervisor has ended."""

    TERMINATE = b"T"
    INTERRUPT = b"I"
    RELOAD = b"L"
    RETIRE = b"R"


class Sign(Enum):
    """One byte from a worker that has reported `Ready`. It gives the first one each `SIGN_SECONDS`."""

    ALIVE = b"A"
    RELOADED = b"L"


SIGN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Ready:
    """A line from a worker: it serves requests. `workers` and `drain_seconds` are those of its settings."""

    workers: int
    drain_seconds: int


@dataclass(frozen=True, slots=True)
class NotStarted:
    """A line from a worker: it cannot start, because of these mistakes."""

    mistakes: tuple[str, ...]


Report = Ready | NotStarted


def as_line(report: Report) -> bytes:
    """The report as it is sent."""
    return orjson.dumps(asdict(report)) + b"\n"


def read_line(line: bytes) -> Report:
    """The report that was sent."""
    fields: dict[str, Any] = orjson.loads(line)
    if "mistakes" in fields:
        return NotStarted(tuple(fields["mistakes"]))
    return Ready(fields["workers"], fields["drain_seconds"])


@dataclass(frozen=True, slots=True)
class Inherited:
    """A listener of the supervisor: its file descriptor, and the address in the settings at its start.

    The address of a Unix socket is its path in `host`, and port 0.
    """

    descriptor: int
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a worker is started with. It is the one argument of its command line, so it has no secret.

    `link` is the file descriptor of the worker's socket, and `folder` the one that all workers share.
    """

    config: str
    cause: str
    link: int
    folder: str
    listeners: dict[str, Inherited]

    def as_argument(self) -> str:
        """The text on the command line."""
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def from_argument(cls, text: str) -> Self:
        """Read it from the command line."""
        fields = orjson.loads(text)
        listeners = {name: Inherited(**each) for name, each in fields.pop("listeners").items()}
        return cls(**fields, listeners=listeners)
