"""The report of the findings."""

import json
from pathlib import Path
from typing import get_args

from handlers.cli.self_check.finding import CheckName, Finding, error, good, skipped, warning
from handlers.cli.self_check.report import as_json, as_text, sorted_findings
from handlers.snap.masking import SecretMasker

CONFIG = Path("snap-token.toml")
SECRET = b"a-very-secret-client-secret"
FINDINGS = [
    good("keys.token", "young"),
    skipped("clock.difference", "not compared", "name a source"),
    error("state.latency", f"\x1b[31m{SECRET.decode()} refused", "correct it"),
    warning("keys.clients", "short"),
]


def _sorted() -> list[Finding]:
    return sorted_findings(FINDINGS, SecretMasker([("client secret", SECRET)]).masked)


def test_the_most_severe_findings_come_first() -> None:
    """Each finding is one line, without secrets and without control characters."""
    assert as_text(CONFIG, _sorted(), verbose=True) == (
        "snap-token.toml: errors: 1, warnings: 1, not checked: 1, good: 1\n"
        "\n"
        "error    state.latency           \\x1b[31m***[client secret] refused; correct it\n"
        "warning  keys.clients            short\n"
        "skipped  clock.difference        not compared; name a source\n"
        "good     keys.token              young\n"
    )


def test_good_checks_of_one_part_share_a_line() -> None:
    """What is wrong comes first. A name comes once among the good ones, and not if the check found more."""
    names: list[CheckName] = ["listeners.ports", "listeners.ports", "listeners.readiness", "keys.clients", "keys.token"]
    text = as_text(CONFIG, [warning("keys.clients", "short"), *(good(name, "found") for name in names)], verbose=False)
    assert text.splitlines()[2:] == [
        "warning  keys.clients            short",
        "good     listeners.ports, listeners.readiness",
        "good     keys.token",
    ]


def test_the_good_checks_fit_on_a_screen() -> None:
    """If every check is good, the text has at most 24 lines of 80 columns."""
    lines = as_text(CONFIG, [good(name, "found") for name in get_args(CheckName)], verbose=False).splitlines()
    assert sum(-(-len(line) // 80) or 1 for line in lines) <= 24


def test_json_has_the_same() -> None:
    """The JSON has the outcome, the numbers, and all parts of each finding."""
    data = json.loads(as_json(CONFIG, _sorted()))
    assert (data["config"], data["outcome"]) == ("snap-token.toml", "error")
    assert data["counts"] == {"error": 1, "warning": 1, "skipped": 1, "good": 1}
    assert data["findings"][0] == {
        "check": "state.latency",
        "severity": "error",
        "found": "\\x1b[31m***[client secret] refused",
        "advice": "correct it",
    }


def test_the_outcome_is_good_without_errors_and_warnings() -> None:
    """A check that could not be made does not change a good outcome."""
    assert json.loads(as_json(CONFIG, [FINDINGS[1], FINDINGS[0]]))["outcome"] == "good"
    assert json.loads(as_json(CONFIG, [FINDINGS[0], FINDINGS[3]]))["outcome"] == "warning"
