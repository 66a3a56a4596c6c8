"""What the answers of a pass must have been for it to count."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tests.fuzz.passes import Pass


@dataclass(frozen=True)
class Tally:
    """What a pass got."""

    answers: Counter[str]
    requests: int
    """Different ones to the counted path that got a 200."""
    warnings: frozenset[str]

    @classmethod
    def of(cls, wanted: Pass, har: Path, report: Path) -> Self:
        """Count in schemathesis' HAR and JSON reports."""
        entries = json.loads(har.read_text(encoding="utf-8"))["log"]["entries"]
        warnings = json.loads(report.read_text(encoding="utf-8"))["warnings"]
        return cls(
            Counter(str(entry["response"]["status"]) for entry in entries),
            len(set(_good_requests(wanted.counted, entries))),
            frozenset(kind for kind, operations in warnings.items() if operations),
        )

    def __str__(self) -> str:
        counts = ", ".join(f"{status} x {count:,}" for status, count in sorted(self.answers.items()))
        return f"{self.answers.total():,} answers: {counts}; {self.requests:,} different requests counted"


def _good_requests(path: str, entries: Iterable[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    """What was drawn of each: its body, and the URI of the call that it is about."""
    for entry in entries:
        request = entry["request"]
        if entry["response"]["status"] == 200 and urlsplit(request["url"]).path.endswith(path):
            drawn = (each["value"] for each in request["headers"] if each["name"].lower() == "x-original-uri")
            yield request["method"], request.get("postData", {}).get("text", ""), *drawn


def shortcomings(wanted: Pass, got: Tally) -> Iterator[str]:
    """Why a pass does not count; nothing if it does."""
    good = got.answers["200"]
    if good < wanted.least_good * got.answers.total():
        yield f"only {good:,} of {got.answers.total():,} answers are 200, fewer than {wanted.least_good:.0%}"
    if got.requests < wanted.least_requests:
        few = f"only {got.requests} different requests to {wanted.counted} got a 200"
        yield f"{few}, fewer than {wanted.least_requests}"
    yield from (f"{status} was never answered" for status in sorted(wanted.answers - got.answers.keys()))
    yield from (f"{status} was answered, and must not be" for status in sorted(got.answers.keys() - wanted.answers))
    yield from (f"schemathesis did not warn of {kind}" for kind in sorted(wanted.warnings - got.warnings))
    yield from (f"schemathesis warns of {kind}" for kind in sorted(got.warnings - wanted.warnings))
