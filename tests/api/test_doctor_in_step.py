"""`snap-token explain` agrees with the server: the same bytes go to the server and into a file for `explain`."""

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from urllib.parse import urlsplit

import pytest

from handlers.config.settings import Settings
from handlers.doctor.request import Request
from handlers.snap.timestamp import parse
from tests.explaining import explained
from tests.internal import running_internal
from tests.merchant import Clock, RunningListener, running
from tests.mistakes import (
    AUTHORIZE_MISTAKES,
    CALL_MISTAKES,
    NOW,
    TOKEN_MISTAKES,
    Make,
    World,
    rows,
    via_proxy,
    write_world,
)
from tests.mistakes_in_strings import STRING_MISTAKES
from tests.mistakes_in_transport import (
    CALL_NAME_MISTAKES,
    CALL_SIGNATURE_MISTAKES,
    SIGNATURE_MISTAKES,
    TOKEN_HEADER_MISTAKES,
    TOKEN_NAME_MISTAKES,
)
from tests.mistakes_without_token import TOKENLESS_MISTAKES
from tests.pages import page

_IDS = count()

KNOWN_ONLY_TO_THE_SERVER = {
    "address.too_many_refusals": "earlier requests from the same address",
    "body.too_slow": "the speed of the request",
    "call.repeated": "earlier calls, except those in a HAR file",
    "client.too_many_requests": "earlier requests",
    "request.repeated": "earlier requests",
    "request.revoked": "revocations",
    "state.down": "the state store",
    "token.revoked": "revocations",
    "unexpected": "an error in the server",
}
"""Reasons that `explain` cannot give, and what it does not know. With the answer's status, it says `answer.refused`."""


@dataclass(frozen=True)
class Case:
    """A request from the tables, and whether it must be refused."""

    refused: bool
    make: Make
    internal: bool


CASES = {
    f"{verdict}: {name}": Case(verdict != "genuine", make, internal)
    for table, internal in (
        (TOKEN_MISTAKES, False),
        (CALL_MISTAKES, True),
        (AUTHORIZE_MISTAKES, True),
        (TOKENLESS_MISTAKES, True),
        (SIGNATURE_MISTAKES, False),
        (TOKEN_NAME_MISTAKES, False),
        *((table, True) for table in (*CALL_SIGNATURE_MISTAKES, *TOKEN_HEADER_MISTAKES, *CALL_NAME_MISTAKES)),
        (STRING_MISTAKES, True),
    )
    for verdict, name, make in rows(table)
}


@dataclass(frozen=True)
class Stage:
    """Both listeners and their settings."""

    world: World
    settings: Settings
    public: RunningListener
    internal: RunningListener

    def wire(self, case: Case) -> bytes:
        request = case.make(self.world)
        return _wire(_with_new_id(request) if case.internal else request)

    def status(self, case: Case, wire: bytes) -> int:
        address = urlsplit((self.internal if case.internal else self.public).origin)
        with socket.create_connection((str(address.hostname), int(address.port or 0)), 10) as connection:
            connection.sendall(wire)
            return int(connection.makefile("rb").readline().split()[1])


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Both listeners with the clients of one world."""
    world = World()
    settings = Settings.load(write_world(tmp_path_factory.mktemp("world"), world))
    clock = Clock(parse(NOW))
    with running(settings, clock) as public, running_internal(settings, clock) as internal:
        yield Stage(world, settings, public, internal)


def _with_new_id(request: Request) -> Request:
    """The request of a proxy to /authorize about a call that is new."""
    authorize = request.authorize_request or via_proxy(request).authorize_request
    assert authorize
    number = next(_IDS)
    headers = ((name, f"new{number}" if value == "ordNo1" else value) for name, value in authorize.headers)
    # A notification has no external id. Its body makes it new.
    body = authorize.body + b" " * number if authorize.get("X-CLIENT-KEY") else authorize.body
    return replace(authorize, headers=tuple(headers), body=body)


def _wire(request: Request) -> bytes:
    """The bytes of a request."""
    coded = any(name == "Transfer-Encoding" for name, _ in request.headers)
    framing = [] if coded else [("Content-Length", str(len(request.body)))]
    lines = [f"{name}: {value}" for name, value in (*request.headers, *framing)]
    head = "\r\n".join([f"{request.method} {request.target} HTTP/{request.version}", *lines, "", ""])
    return head.encode() + (b"%x\r\n%b\r\n0\r\n\r\n" % (len(request.body), request.body) if coded else request.body)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_explain_and_server_agree(case: Case, stage: Stage) -> None:
    """`explain` finds a mistake in a request if and only if the server refuses it.

    It gets no time to search for the mistake: tests/unit/doctor/test_diagnose.py has the verdicts on these requests.
    """
    wire = stage.wire(case)
    diagnosis = explained(wire, stage.settings, NOW, is_over=lambda: case.refused).diagnosis
    assert (not diagnosis.genuine, stage.status(case, wire) != 200) == (case.refused, case.refused)


def test_every_reason_has_a_row(stage: Stage) -> None:
    """Each reason in the documentation is the reason of a request in these tables, or only the server can know it."""
    documented = set(re.findall(r"^\|.*\| [45][0-9]{2} .*\| `([a-z_.]+)` \|$", page("answers"), re.MULTILINE))
    stage.internal.log()
    for case in CASES.values():
        stage.status(case, stage.wire(case))
    logged = {
        line["reason"] for listener in (stage.public, stage.internal) for line in listener.log() if "reason" in line
    }
    assert documented - logged == KNOWN_ONLY_TO_THE_SERVER.keys()
