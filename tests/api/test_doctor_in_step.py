"""`snap-token explain` and the server are in step: the same bytes, by a socket to the one, from a file to the other."""

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from handlers.cli import main
from handlers.config.settings import Settings
from handlers.doctor.request import Request
from handlers.snap.timestamp import parse
from tests.internal import running_internal
from tests.merchant import Clock, RunningListener, running
from tests.mistakes import (
    CALL_MISTAKES,
    NOW,
    QUESTION_MISTAKES,
    TOKEN_MISTAKES,
    Make,
    World,
    question,
    rows,
    write_world,
)
from tests.pages import page

_IDS = count()

ALONE_KNOWN_TO_THE_SERVER = {
    "body.too_slow": "how fast it came",
    "call.repeated": "what was there before; of a HAR file it is known",
    "request.repeated": "what was there before",
    "request.revoked": "what was revoked",
    "state.down": "how the state was",
    "token.revoked": "what was revoked",
    "unexpected": "a fault of the server's",
}
"""Where a capture holds the answer's status, `answer.refused` is said."""


@dataclass(frozen=True)
class Case:
    """A request of the tables, and whether it is refused."""

    refused: bool
    make: Make
    internal: bool


CASES = {
    f"{verdict}: {name}": Case(verdict != "genuine", make, internal)
    for table, internal in ((TOKEN_MISTAKES, False), (CALL_MISTAKES, True), (QUESTION_MISTAKES, True))
    for verdict, name, make in rows(table)
}


@dataclass(frozen=True)
class Stage:
    """Both listeners, and the settings that they serve."""

    world: World
    config: Path
    public: RunningListener
    internal: RunningListener

    def wire(self, case: Case) -> bytes:
        request = case.make(self.world)
        return _wire(_asked(request) if case.internal else request)

    def status(self, case: Case, wire: bytes) -> int:
        address = urlsplit((self.internal if case.internal else self.public).origin)
        with socket.create_connection((str(address.hostname), int(address.port or 0)), 10) as connection:
            connection.sendall(wire)
            return int(connection.makefile("rb").readline().split()[1])


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Servers of one world."""
    world = World()
    config = write_world(tmp_path_factory.mktemp("world"), world)
    settings, clock = Settings.load(config), Clock(parse(NOW))
    with running(settings, clock) as public, running_internal(settings, clock) as internal:
        yield Stage(world, config, public, internal)


def _asked(request: Request) -> Request:
    """The question about a call, as the proxy sends it; its external id is new."""
    asked = request.authorize_request or question(request).authorize_request
    assert asked
    headers = ((name, f"new{next(_IDS)}" if value == "ordNo1" else value) for name, value in asked.headers)
    return replace(asked, headers=tuple(headers))


def _wire(request: Request) -> bytes:
    """As it goes over the wire."""
    coded = any(name == "Transfer-Encoding" for name, _ in request.headers)
    framing = [] if coded else [("Content-Length", str(len(request.body)))]
    lines = [f"{name}: {value}" for name, value in (*request.headers, *framing)]
    head = "\r\n".join([f"{request.method} {request.target} HTTP/{request.version}", *lines, "", ""])
    return head.encode() + (b"%x\r\n%b\r\n0\r\n\r\n" % (len(request.body), request.body) if coded else request.body)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_refused_is_not_called_genuine(case: Case, stage: Stage, tmp_path: Path) -> None:
    """Each request of the tables is refused by both, or by neither."""
    wire = stage.wire(case)
    (tmp_path / "request").write_bytes(wire)
    explained = main(["explain", "--config", str(stage.config), "--at", NOW, str(tmp_path / "request")])
    assert (explained, stage.status(case, wire) != 200) == (int(case.refused), case.refused)


def test_every_reason_has_a_row(stage: Stage) -> None:
    """Each reason in the documentation is that of a request in these tables, or only the server can know it."""
    told = set(re.findall(r"^\|.*\| [45][0-9]{2} .*\| `([a-z_.]+)` \|$", page("answers"), re.MULTILINE))
    stage.internal.log()
    for case in CASES.values():
        stage.status(case, stage.wire(case))
    met = {line["reason"] for listener in (stage.public, stage.internal) for line in listener.log() if "reason" in line}
    assert told - met == ALONE_KNOWN_TO_THE_SERVER.keys()
