"""Prometheus' rules in docs/deploy/monitoring: promtool accepts them, and their unit tests show each alert twice."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.e2e.process import run
from tests.monitoring.rules import FOLDER, RULES, UNIT_TESTS, alerts
from tests.pages import page
from tests.programs import program

NAMES = sorted({alert["alert"] for alert in alerts()})
LANGUAGES = pytest.mark.parametrize("language", ["en", "id"])


def _promtool(*arguments: object) -> None:
    done = run(program("promtool"), *map(str, arguments), patience=600)
    assert done.returncode == 0, done.stdout + done.stderr


def _cases() -> Iterator[tuple[str, bool]]:
    """The name of an alert in each case of the unit tests, and whether the case expects the alert."""
    for file in UNIT_TESTS:
        for test in yaml.safe_load(file.read_text())["tests"]:
            for case in test.get("alert_rule_test", []):
                yield case["alertname"], bool(case["exp_alerts"])


def test_promtool_accepts_the_rules() -> None:
    """The rules are correct PromQL, and promtool's linter finds nothing."""
    _promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)


def test_promtool_accepts_the_example() -> None:
    """Prometheus starts with the example of its settings."""
    _promtool("check", "config", FOLDER / "prometheus.yml")


@pytest.mark.parametrize("file", UNIT_TESTS, ids=lambda file: str(file.name))
def test_each_alert_fires_when_it_should(file: object) -> None:
    """The unit tests of the rules pass."""
    _promtool("test", "rules", file)


@pytest.mark.parametrize("name", NAMES)
def test_each_alert_has_both_cases(name: str) -> None:
    """The unit tests have a case that raises the alert, and a case that raises none."""
    assert {is_raised for alert, is_raised in _cases() if alert == name} == {True, False}


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_each_alert_says_what_to_do(alert: dict[str, Any]) -> None:
    """An alert has a severity, a summary, a description, and the place of its section in the runbook."""
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert alert["annotations"].keys() == {"summary", "description", "runbook"}
    assert alert["annotations"]["runbook"] == f"docs/en/runbook.md#{alert['alert'].lower()}"


@LANGUAGES
def test_the_runbook_has_a_section_for_each_alert(language: str) -> None:
    """The runbook of each language has a section of the name of each alert, and of no other alert."""
    titles = [line.removeprefix("## ") for line in page("runbook", language).splitlines() if line.startswith("## Snap")]
    assert sorted(titles) == NAMES
