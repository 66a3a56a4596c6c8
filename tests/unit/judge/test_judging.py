"""Which scenarios are played, and what their verdicts mean."""

from collections.abc import Callable, Sequence

import pytest

from handlers.judge.exchange import Answer, Request
from handlers.judge.judging import Result, Verdict, fails, verdicts
from handlers.judge.player import Player
from handlers.judge.scenario import Scenario, Severity, each
from tests.merchant import NOON, Clock
from tests.nicepay import Nicepay


def _asks(player: Player) -> Sequence[Request]:
    return [player.genuine()]


def _asks_twice(player: Player) -> Sequence[Request]:
    return [player.genuine(), player.genuine()]


def _says(found: str) -> Callable[[Sequence[Answer]], str]:
    return lambda _answers: found


def _scenario(name: str, found: str = "", asks: Callable[[Player], Sequence[Request]] = _asks) -> Scenario:
    return Scenario(name, Severity.MAJOR, "It is so.", "here", asks, _says(found))


class Line:
    """Answers everything with 200, and counts."""

    def __init__(self) -> None:
        self.sent: list[Request] = []

    def __call__(self, request: Request) -> Answer:
        self.sent.append(request)
        return Answer(request, NOON, 200)


@pytest.fixture
def player(nicepay: Nicepay, stranger: Nicepay) -> Player:
    return Player(nicepay.client_key, nicepay.private_key, stranger.private_key, Clock())


def test_scenarios_with_the_same_question_share_the_answers(player: Player) -> None:
    """What is asked once is judged by all that would ask it next; a failure of one does not stop the others."""
    line = Line()
    scenarios = [_scenario("a.a"), _scenario("a.b", "found"), _scenario("a.c", asks=_asks_twice)]
    results = [(verdict.result, verdict.found) for verdict in verdicts(scenarios, player, line)]
    assert results == [("passed", ""), ("failed", "found"), ("passed", "")]
    assert len(line.sent) == 3


def test_without_a_foundation_nothing_is_sent(player: Player) -> None:
    """If the first scenario fails, no other is played, and each says why."""
    line = Line()
    scenarios = [_scenario("a.a", "found"), _scenario("a.b"), _scenario("a.c", asks=_asks_twice)]
    judged = list(verdicts(scenarios, player, line))
    assert [verdict.result for verdict in judged] == ["failed", "skipped", "skipped"]
    assert judged[1].found == "not played: the genuine request got no token"
    assert len(line.sent) == 1


@pytest.mark.parametrize(
    ("severity", "result", "failed", "failed_strictly"),
    [
        (Severity.CRITICAL, "failed", True, True),
        (Severity.MAJOR, "failed", True, True),
        (Severity.MINOR, "failed", False, True),
        (Severity.CRITICAL, "passed", False, False),
        (Severity.CRITICAL, "skipped", False, False),
    ],
)
def test_a_server_fails_by_severity(severity: Severity, result: Result, failed: bool, failed_strictly: bool) -> None:  # noqa: FBT001  a table
    """A critical or major finding fails a server, a minor one only if judged strictly."""
    verdict = Verdict(Scenario("a.a", severity, "", "", _asks, _says("")), result)
    assert (fails([verdict], strict=False), fails([verdict], strict=True)) == (failed, failed_strictly)


def test_the_first_deviation_of_any_answer_is_told() -> None:
    """Each answer is held against each expectation in turn."""
    answers = [Answer(Request(()), NOON, status) for status in (1, 2)]
    judges = each(lambda _answer: "", lambda answer: "two" if answer.status == 2 else "")
    assert (judges(answers), judges(answers[:1])) == ("two", "")
