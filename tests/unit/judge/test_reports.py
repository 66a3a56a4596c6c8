"""The reports: the same verdicts for machines and for people."""

import json
from collections.abc import Sequence

import pytest
from junitparser import JUnitXml

from handlers.judge.exchange import Answer, Request
from handlers.judge.judging import Verdict
from handlers.judge.player import Player
from handlers.judge.reports.facts import Report
from handlers.judge.reports.html import html
from handlers.judge.reports.junit import junit
from handlers.judge.scenario import Scenario, Severity
from handlers.judge.scenarios import CATALOGUE
from tests.merchant import NOON


def _asks(_player: Player) -> Sequence[Request]:
    return []


def _scenario(name: str, severity: Severity) -> Scenario:
    return Scenario(name, severity, f"{name} is as expected, as it matters.", "RFC 0, 1", _asks, lambda _answers: "")


@pytest.fixture
def report() -> Report:
    verdicts = [
        Verdict(_scenario("a.a", Severity.CRITICAL), "passed"),
        Verdict(_scenario("a.b", Severity.MINOR), "failed", "<script>alert(1)</script> & more"),
        Verdict(_scenario("b.a", Severity.MAJOR), "skipped", "not played"),
    ]
    return Report("https://merchant.example/token", "IONPAYTEST", NOON, verdicts)


def test_the_counts_are_by_result_and_severity(report: Report) -> None:
    """What failed is counted by its severity."""
    assert report.summary == "1 passed, 0 critical, 0 major, 1 minor, 1 skipped"


def test_the_json_tells_everything(report: Report) -> None:
    """The JSON has a row for each scenario, and says which server was judged, as whom and when."""
    told = json.loads(json.dumps(report.as_json()))
    assert (told["url"], told["client_key"]) == ("https://merchant.example/token", "IONPAYTEST")
    assert told["at"] == "2026-01-22T12:00:01+07:00"
    assert told["scenarios"][1] == {
        "name": "a.b",
        "severity": "minor",
        "result": "failed",
        "says": "a.b is as expected, as it matters.",
        "source": "RFC 0, 1",
        "found": "<script>alert(1)</script> & more",
    }


def test_junit_has_a_suite_for_each_group(report: Report) -> None:
    """The XML is read back by another reader's rules: suites, cases, one failure with its reason, one skipped."""
    document = JUnitXml.fromstring(junit(report).encode())
    assert (document.tests, document.failures, document.skipped, document.errors) == (3, 1, 1, 0)
    first, second = document
    assert [suite.name for suite in (first, second)] == ["a", "b"]
    passed, failed = first
    assert (passed.name, passed.is_passed) == ("a.a", True)
    (failure,) = failed.result
    assert (failure.type, failure.message) == ("minor", "<script>alert(1)</script> & more")
    assert failure.text == "a.b is as expected, as it matters.\nSource: RFC 0, 1"


def test_names_that_a_server_gives_its_members_are_quoted() -> None:
    """They steer no terminal, break no XML, and are no way for a token into a report."""
    (scenario,) = (each for each in CATALOGUE if each.name == "answer.members")
    body = json.dumps({"\x1b[2J\0": 1, "A" * 40: 2, "\ud800": 3}).encode()
    found = scenario.judges([Answer(Request(()), NOON, 401, (), body)])
    assert found.encode().isascii() is False
    assert found.isprintable()
    assert "A" * 40 not in found
    report = Report("https://merchant.example/", "A", NOON, [Verdict(scenario, "failed", found)])
    assert JUnitXml.fromstring(junit(report).encode()).failures == 1


def test_the_page_needs_nothing_and_runs_nothing(report: Report) -> None:
    """What a server said stands in the page as text, and the page loads nothing."""
    page = html(report)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    assert "<script" not in page
    assert "src=" not in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert page.count("<tr class=") == 3
