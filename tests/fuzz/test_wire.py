"""The corpus of the wire: whatever comes over a socket, no 5xx, no smuggled request, no token undeserved, no hang."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from handlers.config.settings import Settings
from handlers.server.http import limits
from handlers.server.process import http_connection
from tests.document import TOKEN_PATH
from tests.fuzz.wire import OPEN, Player
from tests.fuzz.wire_corpus import CASES, CLIENT, HALF, Case
from tests.merchant import BASE_PATH, NOON, Clock, Merchant, running, write_settings
from tests.nicepay import BODY, jakarta

Result = tuple[int, Player, int]
HALF_REQUESTS = 300


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Merchant]:
    """A server whose deadlines are a second, so that the slow cases are not."""
    settings = write_settings(tmp_path_factory.mktemp("wire"), CLIENT)
    with pytest.MonkeyPatch.context() as patch, running(Settings.load(settings), Clock()) as merchant:
        patch.setattr(http_connection, "HEAD_SECONDS", 1.0)
        patch.setattr(limits, "BODY_SECONDS", 1.0)
        yield merchant


def _address(merchant: Merchant) -> tuple[str, int]:
    host, _, port = merchant.origin.removeprefix("http://").partition(":")
    return host, int(port)


@pytest.fixture(scope="module")
def results(target: Merchant) -> dict[str, Result]:
    """Every case played, each from an address of its own, and the decisions that were logged for that address."""
    players = [Player(_address(target), f"127.0.1.{number + 1}") for number in range(len(CASES))]
    with ThreadPoolExecutor(len(CASES)) as pool:
        statuses = list(pool.map(lambda player, each: player.play(each.steps, each.listen), players, CASES))
    lines = [json.loads(text) for text in target.stream.getvalue().splitlines()]
    decided = [line["remote"] for line in lines if line["event"].startswith("token.")]
    return {
        each.name: (status, player, decided.count(player.source))
        for each, status, player in zip(CASES, statuses, players, strict=True)
    }


def test_each_case_has_a_name_of_its_own() -> None:
    """There are over a hundred cases, and each is told apart."""
    assert len({each.name for each in CASES}) == len(CASES) > 100


@pytest.mark.parametrize("each", CASES, ids=lambda each: each.name)
def test_the_wire_is_answered_in_order(each: Case, results: dict[str, Result]) -> None:
    """The first answer is one that is in order, and no more requests were decided than were made."""
    status, player, decided = results[each.name]
    assert status in each.good
    assert decided <= each.decisions
    if status == 200:
        assert player.statuses.count(200) == each.tokens
    else:
        assert b"accessToken" not in player.received


@pytest.mark.parametrize("each", CASES, ids=lambda each: each.name)
def test_nothing_holds_a_connection(each: Case, results: dict[str, Result]) -> None:
    """In the end every connection is closed by the server, and none was answered with a 5xx."""
    status, player, _ = results[each.name]
    assert player.closed
    assert status != OPEN
    assert all(each_status < 500 for each_status in player.statuses)


def test_no_input_makes_anything_fail(target: Merchant, results: dict[str, Result]) -> None:
    """Over the whole corpus, nothing was logged but decisions and connections refused: no failure, no traceback."""
    assert results
    lines = [json.loads(text) for text in target.stream.getvalue().splitlines()]
    assert {line["event"] for line in lines} <= {"token.issued", "token.refused", "connection.refused", "clock.suspect"}


@pytest.mark.parametrize("each", [each for each in CASES if each.statuses], ids=lambda each: each.name)
def test_every_answer_is_the_one_expected(each: Case, results: dict[str, Result]) -> None:
    """Where a case tells all its answers, these come, in this order, and no more."""
    assert results[each.name][1].statuses == list(each.statuses)


@pytest.mark.parametrize("each", CASES, ids=lambda each: each.name)
def test_100_continue_comes_where_it_is_of_use(each: Case, results: dict[str, Result]) -> None:
    """100 Continue comes to a client of HTTP/1.1 that waits for it before a body that may still be taken."""
    assert results[each.name][1].received.count(b"HTTP/1.1 100 Continue\r\n\r\n") == each.continues


def test_no_input_reaches_the_log_as_a_control_character(target: Merchant, results: dict[str, Result]) -> None:
    """Over the whole corpus, every text in the log is printable, as it stands there and as JSON has it."""
    assert results
    lines = target.stream.getvalue().splitlines()
    texts = [each for line in lines for each in json.loads(line).values() if isinstance(each, str)]
    assert all(each.isprintable() for each in [*lines, *texts])


def test_honest_requests_are_answered_amid_half_requests(target: Merchant) -> None:
    """While 300 half-requests are open, an honest request is answered within three seconds."""
    held = [socket.create_connection(_address(target)) for _ in range(HALF_REQUESTS)]
    try:
        for each in held:
            each.sendall(HALF)
        started = time.monotonic()
        response = target.client.post(BASE_PATH + TOKEN_PATH, headers=CLIENT.headers(jakarta(NOON)), content=BODY)
        assert response.status_code == 200
        assert time.monotonic() - started < 3
    finally:
        for each in held:
            each.close()
