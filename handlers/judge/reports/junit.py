"""The report as JUnit XML, which CI systems show. Each group of scenarios is a suite."""

from itertools import groupby

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from handlers.judge.reports.report import Report
from handlers.judge.scenario_runner import ScenarioResult


def junit(report: Report) -> str:
    """Return the XML document."""
    document = JUnitXml("snap-token check")
    for group, results in groupby(report.results, lambda result: result.scenario.group):
        suite = TestSuite(group)
        suite.add_property("url", report.url)
        suite.add_testcases([_case(result) for result in results])
        document.append(suite)
    document.update_statistics()
    text: str = document.tostring().decode()
    return text


def _case(result: ScenarioResult) -> TestCase:
    scenario = result.scenario
    case = TestCase(scenario.name, f"snap.{scenario.group}")
    text = f"{scenario.rule}\nSource: {scenario.source}"
    if result.outcome == "failed":
        failure = Failure(result.found, scenario.severity.word)
        failure.text = text
        case.result = [failure]
    elif result.outcome == "skipped":
        case.result = [Skipped(result.found)]
    return case
