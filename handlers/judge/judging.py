"""The scenarios, played one after the other."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from handlers.judge.exchange import Answer, Request
from handlers.judge.player import Player
from handlers.judge.scenario import Scenario, Severity

Result = Literal["passed", "failed", "skipped"]

SKIPPED = "not played: the genuine request got no token"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one scenario; `found` says what came instead, or why it was not played."""

    scenario: Scenario
    result: Result
    found: str = ""

    @property
    def serious(self) -> bool:
        """Whether somebody is harmed: an honest client, or the merchant."""
        return self.result == "failed" and self.scenario.severity > Severity.MINOR


def verdicts(scenarios: Sequence[Scenario], player: Player, send: Callable[[Request], Answer]) -> Iterator[Verdict]:
    """One for each, as soon as it is there. Scenarios that ask the same one after the other share the answers.

    If the first one fails, the rest is skipped: who cannot get a token at all learns nothing from further refusals.
    """
    founded = True
    for asks, group in groupby(scenarios, lambda scenario: scenario.asks):
        answers = [send(request) for request in asks(player)] if founded else []
        for scenario in group:
            verdict = _verdict(scenario, answers) if founded else Verdict(scenario, "skipped", SKIPPED)
            founded = founded and not (scenario is scenarios[0] and verdict.result == "failed")
            yield verdict


def _verdict(scenario: Scenario, answers: Sequence[Answer]) -> Verdict:
    found = scenario.judges(answers)
    return Verdict(scenario, "failed" if found else "passed", found)


def fails(judged: Iterable[Verdict], *, strict: bool) -> bool:
    """Whether the server fails as a whole: for a serious finding, or for any if judged strictly."""
    return any(verdict.serious or (strict and verdict.result == "failed") for verdict in judged)
