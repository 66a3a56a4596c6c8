"""JUnit XML, which CI systems show: a suite for each group of scenarios."""

from itertools import groupby

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from handlers.judge.judging import Verdict
from handlers.judge.reports.facts import Report


def junit(report: Report) -> str:
    """The whole document."""
    document = JUnitXml("snap-token check")
    for group, verdicts in groupby(report.verdicts, lambda verdict: verdict.scenario.group):
        suite = TestSuite(group)
        suite.add_property("url", report.url)
        suite.add_testcases([_case(verdict) for verdict in verdicts])
        document.append(suite)
    document.update_statistics()
    text: str = document.tostring().decode()
    return text


def _case(verdict: Verdict) -> TestCase:
    scenario = verdict.scenario
    case = TestCase(scenario.name, f"snap.{scenario.group}")
    told = f"{scenario.says}\nSource: {scenario.source}"
    if verdict.result == "failed":
        failure = Failure(verdict.found, scenario.severity.word)
        failure.text = told
        case.result = [failure]
    elif verdict.result == "skipped":
        case.result = [Skipped(verdict.found)]
    return case
