"""What the answers of a pass must have been for it to count, and which tests reach the other documented answers."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

_WIRE = "tests/fuzz/test_wire.py::test_the_wire_is_answered_in_order"
ELSEWHERE = {
    "404": "tests/api/test_answers.py::test_an_unknown_path_is_not_found",
    "408": f"{_WIRE}[stalled body]",
    "413": f"{_WIRE}[CL of 1 GB]",
    "414": f"{_WIRE}[target of 3 KB]",
    "431": f"{_WIRE}[65 headers]",
    "500": "tests/unit/test_edge.py::test_a_failure_is_a_general_error_and_a_logged_traceback",
}
"""The documented answers that requests made from the document do not lead to, and the tests that get them."""


@dataclass(frozen=True)
class Pass:
    """One way to fuzz, and what must come of it."""

    name: str
    answers: frozenset[str]
    """The statuses that it must get, and there must be no other."""
    warnings: frozenset[str] = frozenset()
    """Those of schemathesis that there must be, and there must be no other."""
    least_tokens: float = 0
    """As a part of all answers."""
    least_bodies: int = 0
    """Different ones that got a token."""


SIGNED = Pass("signed", frozenset({"200", "400", "405", "415"}), least_tokens=1 / 3, least_bodies=50)
UNSIGNED = Pass("unsigned", frozenset({"400", "401", "405", "415"}), warnings=frozenset({"missing_auth"}))


@dataclass(frozen=True)
class Tally:
    """What a pass got."""

    answers: Counter[str]
    bodies: int
    """Different ones that got a token."""
    warnings: frozenset[str]

    @classmethod
    def of(cls, har: Path, report: Path) -> Self:
        """Count in schemathesis' HAR and JSON reports."""
        entries = json.loads(har.read_text(encoding="utf-8"))["log"]["entries"]
        warnings = json.loads(report.read_text(encoding="utf-8"))["warnings"]
        return cls(
            Counter(str(entry["response"]["status"]) for entry in entries),
            len(set(_bodies_with_a_token(entries))),
            frozenset(kind for kind, operations in warnings.items() if operations),
        )

    def __str__(self) -> str:
        counts = ", ".join(f"{status} x {count:,}" for status, count in sorted(self.answers.items()))
        return f"{self.answers.total():,} answers: {counts}; {self.bodies:,} different bodies got a token"


def _bodies_with_a_token(entries: Iterable[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        if entry["response"]["status"] == 200:
            yield entry["request"]["postData"]["text"]


def shortcomings(wanted: Pass, got: Tally) -> Iterator[str]:
    """Why a pass does not count; nothing if it does."""
    tokens = got.answers["200"]
    if tokens < wanted.least_tokens * got.answers.total():
        yield f"only {tokens:,} of {got.answers.total():,} answers are 200, fewer than {wanted.least_tokens:.0%}"
    if got.bodies < wanted.least_bodies:
        yield f"only {got.bodies} different bodies got a token, fewer than {wanted.least_bodies}"
    yield from (f"{status} was never answered" for status in sorted(wanted.answers - got.answers.keys()))
    yield from (f"{status} was answered, and must not be" for status in sorted(got.answers.keys() - wanted.answers))
    yield from (f"schemathesis did not warn of {kind}" for kind in sorted(wanted.warnings - got.warnings))
    yield from (f"schemathesis warns of {kind}" for kind in sorted(got.warnings - wanted.warnings))
