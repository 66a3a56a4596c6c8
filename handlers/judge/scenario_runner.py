"""Runs the scenarios, one after the other."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from handlers.judge.exchange import Answer, Request
from handlers.judge.scenario import Scenario, Severity
from handlers.judge.signer import Signer

Outcome = Literal["passed", "failed", "skipped"]

SKIPPED = "not run: the genuine request got no token"


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """The result of one scenario. `found` says how the answer deviates, or why the scenario did not run."""

    scenario: Scenario
    outcome: Outcome
    found: str = ""

    @property
    def is_serious(self) -> bool:
        """Whether the scenario failed and the deviation is critical or major."""
        return self.outcome == "failed" and self.scenario.severity > Severity.MINOR


def run(
    scenarios: Sequence[Scenario], signer: Signer, send: Callable[[Request], Answer], skipped: str = SKIPPED
) -> Iterator[ScenarioResult]:
    """Yield the result of each scenario as soon as it is known.

    Neighbouring scenarios with the same requests share the answers. If the first scenario fails, the others are
    skipped, because a client that gets only refusals learns nothing from further ones. `skipped` says so.
    """
    is_served = True
    for requests, group in groupby(scenarios, lambda scenario: scenario.requests):
        answers = [send(request) for request in requests(signer)] if is_served else []
        for scenario in group:
            result = _evaluate(scenario, answers) if is_served else ScenarioResult(scenario, "skipped", skipped)
            is_served = is_served and not (scenario is scenarios[0] and result.outcome == "failed")
            yield result


def _evaluate(scenario: Scenario, answers: Sequence[Answer]) -> ScenarioResult:
    found = scenario.evaluate(answers)
    return ScenarioResult(scenario, "failed" if found else "passed", found)


def server_fails(results: Iterable[ScenarioResult], *, strict: bool) -> bool:
    """Whether the server fails: a critical or major deviation, or with `strict` any deviation."""
    return any(result.is_serious or (strict and result.outcome == "failed") for result in results)
