"""The wire corpus: no input on a socket causes a 5xx, a smuggled request, an undeserved token or a hang."""

import json
import select
import socket
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
    """A server whose timeouts are one second, so that the slow cases end soon."""
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
    """The result of every case: its first status, its client, and the number of logged decisions for its address."""
    players = [Player(_address(target), f"127.0.1.{number + 1}") for number in range(len(CASES))]
    with ThreadPoolExecutor(len(CASES)) as pool:
        statuses = list(pool.map(lambda player, each: player.play(each.steps), players, CASES))
    lines = [json.loads(text) for text in target.stream.getvalue().splitlines()]
    decided = [line["remote"] for line in lines if line["event"].startswith("token.")]
    return {
        each.name: (status, player, decided.count(player.source))
        for each, status, player in zip(CASES, statuses, players, strict=True)
    }


def test_each_case_has_its_own_name() -> None:
    """There are over a hundred cases with different names."""
    assert len({each.name for each in CASES}) == len(CASES) > 100


@pytest.mark.parametrize("each", CASES, ids=lambda each: each.name)
def test_the_first_answer_is_allowed(each: Case, results: dict[str, Result]) -> None:
    """The first answer has an allowed status, and the server made no more decisions than the case allows."""
    status, player, decided = results[each.name]
    assert status in each.good
    assert decided <= each.decisions
    if status == 200:
        assert player.statuses.count(200) == each.tokens
    else:
        assert b"accessToken" not in player.received


@pytest.mark.parametrize("each", CASES, ids=lambda each: each.name)
def test_the_server_closes_every_connection(each: Case, results: dict[str, Result]) -> None:
    """The server closes every connection at the end, and no answer has status 5xx."""
    status, player, _ = results[each.name]
    assert player.closed
    assert status != OPEN
    assert all(each_status < 500 for each_status in player.statuses)


def test_no_input_causes_an_error(target: Merchant, results: dict[str, Result]) -> None:
    """After the whole corpus, the log has decisions and refused connections only, and no error."""
    assert results
    lines = [json.loads(text) for text in target.stream.getvalue().splitlines()]
    assert {line["event"] for line in lines} <= {"token.issued", "token.refused", "connection.refused", "clock.suspect"}


@pytest.mark.parametrize("each", [each for each in CASES if each.statuses], ids=lambda each: each.name)
def test_every_answer_is_the_required_one(each: Case, results: dict[str, Result]) -> None:
    """If a case names all its answers, exactly these arrive, in this order."""
    assert results[each.name][1].statuses == list(each.statuses)


@pytest.mark.parametrize("each", CASES, ids=lambda each: each.name)
def test_100_continue_is_sent_only_when_useful(each: Case, results: dict[str, Result]) -> None:
    """100 Continue is sent to an HTTP/1.1 client that waits for it, if the server may still accept the body."""
    assert results[each.name][1].received.count(b"HTTP/1.1 100 Continue\r\n\r\n") == each.continues


def test_no_input_puts_a_control_character_into_the_log(target: Merchant, results: dict[str, Result]) -> None:
    """After the whole corpus, every log line and every JSON string in it is printable."""
    assert results
    lines = target.stream.getvalue().splitlines()
    texts = [each for line in lines for each in json.loads(line).values() if isinstance(each, str)]
    assert all(each.isprintable() for each in [*lines, *texts])


def test_incomplete_requests_do_not_block_others(target: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A complete request is answered while 300 incomplete requests have a minute left."""
    monkeypatch.setattr(http_connection, "HEAD_SECONDS", 60.0)
    incomplete = [socket.create_connection(_address(target)) for _ in range(HALF_REQUESTS)]
    try:
        for each in incomplete:
            each.sendall(HALF)
        response = target.client.post(BASE_PATH + TOKEN_PATH, headers=CLIENT.headers(jakarta(NOON)), content=BODY)
        assert response.status_code == 200
        assert select.select(incomplete, [], [], 0)[0] == []
    finally:
        for each in incomplete:
            each.close()
