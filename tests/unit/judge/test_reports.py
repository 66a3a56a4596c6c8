"""The reports: the same results for programs and for people."""

import json
from collections.abc import Sequence

import pytest
from junitparser import JUnitXml

from handlers.judge.exchange import Answer, Request
from handlers.judge.reports.html import html
from handlers.judge.reports.junit import junit
from handlers.judge.reports.report import Report
from handlers.judge.scenario import Scenario, Severity
from handlers.judge.scenario_runner import ScenarioResult
from handlers.judge.scenarios import CATALOGUE
from handlers.judge.signer import Signer
from tests.merchant import NOON


def _no_requests(_signer: Signer) -> Sequence[Request]:
    return []


def _scenario(name: str, severity: Severity) -> Scenario:
    return Scenario(
        name, severity, f"{name} is as expected, because it matters.", "RFC 0, 1", _no_requests, lambda _answers: ""
    )


@pytest.fixture
def report() -> Report:
    results = [
        ScenarioResult(_scenario("a.a", Severity.CRITICAL), "passed"),
        ScenarioResult(_scenario("a.b", Severity.MINOR), "failed", "<script>alert(1)</script> & more"),
        ScenarioResult(_scenario("b.a", Severity.MAJOR), "skipped", "not run"),
    ]
    return Report("https://merchant.example/token", "IONPAYTEST", NOON, results)


def test_the_counts_are_by_result_and_severity(report: Report) -> None:
    """Failed scenarios are counted by severity."""
    assert report.summary == "1 passed, 0 critical, 0 major, 1 minor, 1 skipped"


def test_the_json_is_complete(report: Report) -> None:
    """The JSON has a row for each scenario, and names the URL, the client key and the time."""
    data = json.loads(json.dumps(report.as_json()))
    assert (data["url"], data["client_key"]) == ("https://merchant.example/token", "IONPAYTEST")
    assert data["at"] == "2026-01-22T12:00:01+07:00"
    assert data["scenarios"][1] == {
        "name": "a.b",
        "severity": "minor",
        "result": "failed",
        "says": "a.b is as expected, because it matters.",
        "source": "RFC 0, 1",
        "found": "<script>alert(1)</script> & more",
    }


def test_junit_has_a_suite_for_each_group(report: Report) -> None:
    """Another parser reads the XML: suites, cases, one failure with its reason, and one skipped case."""
    document = JUnitXml.fromstring(junit(report).encode())
    assert (document.tests, document.failures, document.skipped, document.errors) == (3, 1, 1, 0)
    first, second = document
    assert [suite.name for suite in (first, second)] == ["a", "b"]
    passed, failed = first
    assert (passed.name, passed.is_passed) == ("a.a", True)
    (failure,) = failed.result
    assert (failure.type, failure.message) == ("minor", "<script>alert(1)</script> & more")
    assert failure.text == "a.b is as expected, because it matters.\nSource: RFC 0, 1"


def test_member_names_of_a_server_are_redacted() -> None:
    """Member names that a server sends bring no control character and no token into a report, and break no XML."""
    (scenario,) = (each for each in CATALOGUE if each.name == "answer.members")
    body = json.dumps({"\x1b[2J\0": 1, "A" * 40: 2, "\ud800": 3}).encode()
    found = scenario.evaluate([Answer(Request(()), NOON, 401, (), body)])
    assert found.encode().isascii() is False
    assert found.isprintable()
    assert "A" * 40 not in found
    report = Report("https://merchant.example/", "A", NOON, [ScenarioResult(scenario, "failed", found)])
    assert JUnitXml.fromstring(junit(report).encode()).failures == 1


def test_the_page_loads_and_runs_nothing(report: Report) -> None:
    """Text from a server is escaped in the page, and the page has no script and loads nothing."""
    page = html(report)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    assert "<script" not in page
    assert "src=" not in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert page.count("<tr class=") == 3
