"""The runbook names panels, settings, reasons and events. The night shift finds each of them."""

import json
import re

import pytest

from tests.monitoring.dashboard import FILE
from tests.pages import page

LANGUAGES = pytest.mark.parametrize("language", ["en", "id"])
DASHBOARD = json.loads(FILE.read_text(encoding="utf-8"))
TITLES = {panel["title"] for panel in DASHBOARD["panels"]} | {DASHBOARD["title"]}
PAGES_OF_PROMETHEUS = {"Targets"}
FILES = {"alerts.yml", "access.log", "error.log"}


def _named(pattern: str, language: str) -> set[str]:
    """What the runbook names, without its shell commands."""
    prose = re.sub(r"^```.*?^```$", "", page("runbook", language), flags=re.DOTALL | re.MULTILINE)
    return set(re.findall(pattern, prose))


def _reasons_and_events(language: str) -> set[str]:
    return set(re.findall(r"`([a-z_]+\.[a-z_]+)`", page("troubleshooting", language)))


def _settings() -> set[str]:
    tables = re.findall(r"^## ([a-z]+)\n(.*?)(?=^## |\Z)", page("settings-reference"), re.DOTALL | re.MULTILINE)
    return {f"{table}.{key}" for table, text in tables for key in re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)}


@LANGUAGES
def test_each_panel_exists(language: str) -> None:
    """Each name in quotation marks that begins with a capital letter is one of the dashboard or of Prometheus."""
    named = _named(r'"([A-Z][^"\n]*)"', language)
    assert len(named) > 10
    assert named <= TITLES | PAGES_OF_PROMETHEUS


@LANGUAGES
def test_each_reason_event_and_setting_exists(language: str) -> None:
    """The page on troubleshooting has each reason and event that the runbook names, and the settings each setting."""
    named = _named(r"`([a-z_]+\.[a-z_]+)`", language)
    assert {"secret.wrong", "state.damaged", "internal.secret_file"} <= named
    assert named <= _reasons_and_events(language) | _settings() | FILES
