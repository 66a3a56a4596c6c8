"""Two processes with one state store: all tokens of one signed request expire together, at whichever process."""

import json
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from http.client import HTTPResponse
from itertools import cycle, islice
from pathlib import Path

import pytest

from tests.e2e.instances import HOST, TABLES, TOKEN, Answer, Instance, TokenKeys, instances, signed_now
from tests.e2e.process import PATIENCE
from tests.engines import REDIS_SERVERS
from tests.merchant import write_settings
from tests.nicepay import BODY, Nicepay

COPIES = 200
BEFORE_THE_NEXT_SECOND = 0.03
"""Seconds."""

ENGINES = pytest.mark.parametrize("engine", ["sqlite", *REDIS_SERVERS])


def _raw(signed: dict[str, str]) -> bytes:
    headers = signed | {"Host": HOST, "Content-Length": str(len(BODY))}
    lines = [f"POST {TOKEN} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + BODY


def _answer(connection: socket.socket) -> Answer:
    response = HTTPResponse(connection)
    response.begin()
    return Answer(response.status, dict(response.getheaders()), json.loads(response.read()))


def _wait_for_next_second(before: float = 0) -> None:
    time.sleep((1 - before - time.time()) % 1)


def _at_once(served: Sequence[Instance], request: bytes) -> list[Answer]:
    """Send copies of a request to the instances, half of them in one second and half in the next."""
    with ExitStack() as stack:
        ports = islice(cycle(each.public_port for each in served), COPIES)
        connections = [stack.enter_context(socket.create_connection((HOST, port), PATIENCE)) for port in ports]
        for connection in connections:
            connection.sendall(request[:-1])
        _wait_for_next_second(BEFORE_THE_NEXT_SECOND)
        for connection in connections[: COPIES // 2]:
            connection.sendall(request[-1:])
        _wait_for_next_second()
        for connection in connections[COPIES // 2 :]:
            connection.sendall(request[-1:])
        return [_answer(connection) for connection in connections]


@pytest.fixture
def served(tmp_path: Path, nicepay: Nicepay, state_url: str, repeat: str) -> Iterator[list[Instance]]:
    """Two processes with the same settings."""
    settings = write_settings(tmp_path, nicepay, extra=TABLES)
    with instances(settings, settings, STATE__URL=state_url, TOKEN__REPEAT=repeat) as served:
        yield served


def _second_of(answer: Answer) -> int:
    return int(datetime.fromisoformat(answer.headers["x-timestamp"]).timestamp())


@ENGINES
@pytest.mark.parametrize("repeat", ["same-span"])
def test_all_copies_expire_in_the_same_second(served: list[Instance], tmp_path: Path, nicepay: Nicepay) -> None:
    """All 200 simultaneous copies get a token, all tokens expire in the same second, and `expiresIn` agrees."""
    answers = _at_once(served, _raw(signed_now(nicepay)))
    keys = TokenKeys(tmp_path / "token.keys")
    assert Counter(answer.code for answer in answers) == {"2007300": COPIES}
    (issued_at,) = {keys.issued_at(answer.token) for answer in answers}
    ends = {_second_of(answer) + int(answer.content["expiresIn"]) for answer in answers}
    assert issued_at + 900 in ends
    assert max(ends) - min(ends) <= 1  # An answer may be sent one second after its decision.


@ENGINES
@pytest.mark.parametrize("repeat", ["refuse"])
def test_only_one_copy_is_served(served: list[Instance], nicepay: Nicepay) -> None:
    """With `repeat = "refuse"`, one of 200 simultaneous copies gets a token, and the others get 4097300."""
    answers = _at_once(served, _raw(signed_now(nicepay)))
    assert Counter((answer.status, answer.code) for answer in answers) == {
        (200, "2007300"): 1,
        (409, "4097300"): COPIES - 1,
    }
