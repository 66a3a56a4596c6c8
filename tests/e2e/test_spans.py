"""Two processes on one engine: whichever of them a signed request reaches, it is worth one span."""

import json
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from http.client import HTTPResponse
from itertools import cycle, islice
from pathlib import Path

import pytest

from tests.e2e.instances import HOST, TABLES, TOKEN, Answer, Instance, TokenKeys, instances, signed_now
from tests.e2e.process import PATIENCE
from tests.engines import REDIS_SERVERS, RedisServer
from tests.merchant import write_settings
from tests.nicepay import BODY, Nicepay

COPIES = 200
BEFORE_THE_TURN = 0.03
"""Seconds."""

ENGINES = pytest.mark.parametrize("engine", ["sqlite", *REDIS_SERVERS])


@pytest.fixture
def state_url(engine: str, tmp_path: Path, emptied_redis: Callable[[str], RedisServer]) -> str:
    """An engine that remembers nothing yet."""
    return f"sqlite:///{tmp_path}/state.db" if engine == "sqlite" else emptied_redis(engine).url


def _raw(signed: dict[str, str]) -> bytes:
    headers = signed | {"Host": HOST, "Content-Length": str(len(BODY))}
    lines = [f"POST {TOKEN} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + BODY


def _answer(connection: socket.socket) -> Answer:
    response = HTTPResponse(connection)
    response.begin()
    return Answer(response.status, dict(response.getheaders()), json.loads(response.read()))


def _await_turn_of_second(before: float = 0) -> None:
    time.sleep((1 - before - time.time()) % 1)


def _at_once(served: Sequence[Instance], request: bytes) -> list[Answer]:
    """The answers to the copies, spread over the instances: half end in one second, the other half in the next."""
    with ExitStack() as stack:
        ports = islice(cycle(each.public_port for each in served), COPIES)
        connections = [stack.enter_context(socket.create_connection((HOST, port), PATIENCE)) for port in ports]
        for connection in connections:
            connection.sendall(request[:-1])
        _await_turn_of_second(BEFORE_THE_TURN)
        for connection in connections[: COPIES // 2]:
            connection.sendall(request[-1:])
        _await_turn_of_second()
        for connection in connections[COPIES // 2 :]:
            connection.sendall(request[-1:])
        return [_answer(connection) for connection in connections]


@pytest.fixture
def served(tmp_path: Path, nicepay: Nicepay, state_url: str, repeat: str) -> Iterator[list[Instance]]:
    """Two processes of the same settings."""
    settings = write_settings(tmp_path, nicepay, extra=TABLES)
    with instances(settings, settings, STATE__URL=state_url, TOKEN__REPEAT=repeat) as served:
        yield served


def _second_of(answer: Answer) -> int:
    return int(datetime.fromisoformat(answer.headers["x-timestamp"]).timestamp())


@ENGINES
@pytest.mark.parametrize("repeat", ["same-span"])
def test_all_copies_end_in_the_same_second(served: list[Instance], tmp_path: Path, nicepay: Nicepay) -> None:
    """All 200 simultaneous copies get a token, all tokens end in one second, and `expiresIn` says that second."""
    answers = _at_once(served, _raw(signed_now(nicepay)))
    keys = TokenKeys(tmp_path / "token.keys")
    assert Counter(answer.code for answer in answers) == {"2007300": COPIES}
    (issued_at,) = {keys.issued_at(answer.token) for answer in answers}
    ends = {_second_of(answer) + int(answer.content["expiresIn"]) for answer in answers}
    assert issued_at + 900 in ends
    assert max(ends) - min(ends) <= 1  # An answer may be sent in the second after the one in which it was decided.


@ENGINES
@pytest.mark.parametrize("repeat", ["refuse"])
def test_one_copy_alone_is_served(served: list[Instance], nicepay: Nicepay) -> None:
    """Where repeats are refused, one of 200 simultaneous copies gets a token and the others 409 4097300."""
    answers = _at_once(served, _raw(signed_now(nicepay)))
    assert Counter((answer.status, answer.code) for answer in answers) == {
        (200, "2007300"): 1,
        (409, "4097300"): COPIES - 1,
    }
