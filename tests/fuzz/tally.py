"""The results of a pass, and whether they meet its requirements."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tests.fuzz.call_rules import FORMS, named_form
from tests.fuzz.passes import Pass


@dataclass(frozen=True)
class Tally:
    """The results of a pass."""

    answers: Counter[str]
    requests: int
    """The number of different requests to the counted path with status 200."""
    warnings: frozenset[str]
    forms: Counter[str] = field(default_factory=Counter)
    """The number of calls of each form with status 200. No two of them are the same, because a repeat is refused."""

    @classmethod
    def of(cls, fuzz_pass: Pass, har: Path, report: Path) -> Self:
        """Count the results in schemathesis' HAR and JSON reports."""
        entries = json.loads(har.read_text(encoding="utf-8"))["log"]["entries"]
        warnings = json.loads(report.read_text(encoding="utf-8"))["warnings"]
        accepted = set(_accepted_requests(fuzz_pass.counted_path, entries))
        return cls(
            Counter(str(entry["response"]["status"]) for entry in entries),
            len(accepted),
            frozenset(kind for kind, operations in warnings.items() if operations),
            Counter(form for form in map(named_form, _calls(entries)) if form),
        )

    def __str__(self) -> str:
        counts = ", ".join(f"{status} x {count:,}" for status, count in sorted(self.answers.items()))
        forms = "".join(f"; {form} x {count:,}" for form, count in sorted(self.forms.items()))
        return (
            f"{self.answers.total():,} answers: {counts}; {self.requests:,} different requests with status 200{forms}"
        )


def _accepted_requests(path: str, entries: Iterable[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    """For each accepted request, the parts that were drawn: its body, and the URI of the call."""
    for entry in entries:
        request = entry["request"]
        if entry["response"]["status"] == 200 and urlsplit(request["url"]).path.endswith(path):
            drawn = (each["value"] for each in request["headers"] if each["name"].lower() == "x-original-uri")
            yield request["method"], request.get("postData", {}).get("text", ""), *drawn


def _calls(entries: Iterable[dict[str, Any]]) -> Iterator[dict[str, str]]:
    """The headers of each call with status 200."""
    for entry in entries:
        if entry["response"]["status"] == 200:
            yield {each["name"].lower(): each["value"] for each in entry["request"]["headers"]}


def failures(fuzz_pass: Pass, tally: Tally) -> Iterator[str]:
    """Each requirement of the pass that the tally does not meet."""
    accepted, total, least_share = tally.answers["200"], tally.answers.total(), fuzz_pass.least_share_of_200
    if accepted < least_share * total:
        yield f"only {accepted:,} of {total:,} answers have status 200; at least {least_share:.0%} are required"
    if tally.requests < fuzz_pass.least_requests:
        few = f"only {tally.requests} different requests to {fuzz_pass.counted_path} got status 200"
        yield f"{few}; at least {fuzz_pass.least_requests} are required"
    for form in FORMS:
        if tally.forms[form] < fuzz_pass.least_of_each_form:
            few = f"only {tally.forms[form]} calls of the form {form} are genuine"
            yield f"{few}; at least {fuzz_pass.least_of_each_form} are required"
    yield from (f"no answer has status {status}" for status in sorted(fuzz_pass.answers - tally.answers.keys()))
    yield from (
        f"an answer has status {status}" for status in sorted(tally.answers.keys() - fuzz_pass.answers - fuzz_pass.rare)
    )
    yield from (f"schemathesis did not warn of {kind}" for kind in sorted(fuzz_pass.warnings - tally.warnings))
    yield from (f"schemathesis warned of {kind}" for kind in sorted(tally.warnings - fuzz_pass.warnings))
