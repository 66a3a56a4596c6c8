"""Which scenarios run, and what their results mean."""

from collections.abc import Callable, Sequence

import pytest

from handlers.judge.exchange import Answer, Request
from handlers.judge.scenario import Scenario, Severity, each
from handlers.judge.scenario_runner import Outcome, ScenarioResult, run, server_fails
from handlers.judge.signer import Signer
from tests.merchant import NOON, Clock
from tests.nicepay import Nicepay


def _one_request(signer: Signer) -> Sequence[Request]:
    return [signer.valid_request()]


def _two_requests(signer: Signer) -> Sequence[Request]:
    return [signer.valid_request(), signer.valid_request()]


def _finds(found: str) -> Callable[[Sequence[Answer]], str]:
    return lambda _answers: found


def _scenario(name: str, found: str = "", requests: Callable[[Signer], Sequence[Request]] = _one_request) -> Scenario:
    return Scenario(name, Severity.MAJOR, "It is so.", "here", requests, _finds(found))


class Recorder:
    """Answers every request with 200, and records the requests."""

    def __init__(self) -> None:
        self.sent: list[Request] = []

    def __call__(self, request: Request) -> Answer:
        self.sent.append(request)
        return Answer(request, NOON, 200)


@pytest.fixture
def signer(nicepay: Nicepay, stranger: Nicepay) -> Signer:
    return Signer(nicepay.client_key, nicepay.private_key, stranger.private_key, Clock())


def test_scenarios_with_the_same_requests_share_the_answers(signer: Signer) -> None:
    """Neighbouring scenarios with the same requests send them once, and a failed scenario does not stop the next."""
    recorder = Recorder()
    scenarios = [_scenario("a.a"), _scenario("a.b", "found"), _scenario("a.c", requests=_two_requests)]
    results = [(result.outcome, result.found) for result in run(scenarios, signer, recorder)]
    assert results == [("passed", ""), ("failed", "found"), ("passed", "")]
    assert len(recorder.sent) == 3


def test_after_a_failed_first_scenario_nothing_is_sent(signer: Signer) -> None:
    """If the first scenario fails, the others are skipped, and each result says why."""
    recorder = Recorder()
    scenarios = [_scenario("a.a", "found"), _scenario("a.b"), _scenario("a.c", requests=_two_requests)]
    results = list(run(scenarios, signer, recorder))
    assert [result.outcome for result in results] == ["failed", "skipped", "skipped"]
    assert results[1].found == "not run: the genuine request got no token"
    assert len(recorder.sent) == 1


@pytest.mark.parametrize(
    ("severity", "outcome", "failed", "failed_strictly"),
    [
        (Severity.CRITICAL, "failed", True, True),
        (Severity.MAJOR, "failed", True, True),
        (Severity.MINOR, "failed", False, True),
        (Severity.CRITICAL, "passed", False, False),
        (Severity.CRITICAL, "skipped", False, False),
    ],
)
def test_a_server_fails_by_severity(severity: Severity, outcome: Outcome, failed: bool, failed_strictly: bool) -> None:  # noqa: FBT001  a table
    """A critical or major deviation fails the server. A minor one does so only with `strict`."""
    result = ScenarioResult(Scenario("a.a", severity, "", "", _one_request, _finds("")), outcome)
    assert (server_fails([result], strict=False), server_fails([result], strict=True)) == (failed, failed_strictly)


def test_the_first_deviation_is_returned() -> None:
    """Every answer is held against every expectation, and the first deviation counts."""
    answers = [Answer(Request(()), NOON, status) for status in (1, 2)]
    evaluate = each(lambda _answer: "", lambda answer: "two" if answer.status == 2 else "")
    assert (evaluate(answers), evaluate(answers[:1])) == ("two", "")
