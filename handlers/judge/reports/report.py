"""The content of all reports: the server, the time and the result of each scenario. No key, token or signature."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from handlers.judge.scenario_runner import ScenarioResult
from handlers.snap.timestamp import render


@dataclass(frozen=True, slots=True)
class Report:
    """The report on one run. `url` has no query, because a query may contain a secret."""

    url: str
    client_key: str
    started_at: datetime
    results: Sequence[ScenarioResult]

    @property
    def counts(self) -> Mapping[str, int]:
        """The numbers of passed and skipped scenarios, and of failed ones by severity."""
        found = Counter(_kind(result) for result in self.results)
        return {kind: found[kind] for kind in ("passed", "critical", "major", "minor", "skipped")}

    @property
    def summary(self) -> str:
        """The numbers as one line of text."""
        return ", ".join(f"{number} {kind}" for kind, number in self.counts.items())

    def as_json(self) -> dict[str, object]:
        """Return the report as data for JSON."""
        return {
            "url": self.url,
            "client_key": self.client_key,
            "at": render(self.started_at),
            "counts": dict(self.counts),
            "scenarios": [_row(result) for result in self.results],
        }


def _kind(result: ScenarioResult) -> str:
    return result.scenario.severity.word if result.outcome == "failed" else result.outcome


def _row(result: ScenarioResult) -> dict[str, str]:
    scenario = result.scenario
    return {
        "name": scenario.name,
        "severity": scenario.severity.word,
        "result": result.outcome,
        "says": scenario.rule,
        "source": scenario.source,
        "found": result.found,
    }
