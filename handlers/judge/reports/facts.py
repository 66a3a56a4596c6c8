"""What all reports tell: which server, when, and how each scenario ended. No key, no token, no signature."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from handlers.judge.judging import Verdict
from handlers.snap.timestamp import render


@dataclass(frozen=True, slots=True)
class Report:
    """One run. The URL is without its query."""

    url: str
    client_key: str
    at: datetime
    verdicts: Sequence[Verdict]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many passed and were skipped, and how many failed of each severity."""
        found = Counter(_kind(verdict) for verdict in self.verdicts)
        return {kind: found[kind] for kind in ("passed", "critical", "major", "minor", "skipped")}

    @property
    def summary(self) -> str:
        """One line."""
        return ", ".join(f"{number} {kind}" for kind, number in self.counts.items())

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "url": self.url,
            "client_key": self.client_key,
            "at": render(self.at),
            "counts": dict(self.counts),
            "scenarios": [_row(verdict) for verdict in self.verdicts],
        }


def _kind(verdict: Verdict) -> str:
    return verdict.scenario.severity.word if verdict.result == "failed" else verdict.result


def _row(verdict: Verdict) -> dict[str, str]:
    scenario = verdict.scenario
    return {
        "name": scenario.name,
        "severity": scenario.severity.word,
        "result": verdict.result,
        "says": scenario.says,
        "source": scenario.source,
        "found": verdict.found,
    }
