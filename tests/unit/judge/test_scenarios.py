"""The catalogue: what every scenario must have."""

import re
from collections import Counter

import pytest

from handlers.judge.player import Player
from handlers.judge.scenario import DOCUMENT, Scenario, Severity
from handlers.judge.scenarios import CATALOGUE
from tests.merchant import Clock
from tests.nicepay import Nicepay
from tests.pages import page

MOST_REQUESTS = 3
IDS = [scenario.name for scenario in CATALOGUE]


def test_there_are_enough_and_none_twice() -> None:
    """The catalogue has over forty scenarios, each with a name of its own, in groups that stand together."""
    groups = [scenario.group for scenario in CATALOGUE]
    assert len(set(IDS)) == len(CATALOGUE) > 40
    assert sorted(groups, key=list(dict.fromkeys(groups)).index) == groups


@pytest.mark.parametrize("scenario", CATALOGUE, ids=IDS)
def test_a_scenario_says_what_and_why_and_by_whom(scenario: Scenario) -> None:
    """A scenario is told in one sentence that gives its reason, and cites its source."""
    assert re.fullmatch(r"[a-z]+\.[a-z0-9_]+", scenario.name)
    assert re.fullmatch(r"\S.{30,}\.", scenario.says)
    assert ". " not in scenario.says
    assert re.search(r"[,:] ", scenario.says)
    assert scenario.source.strip()
    assert scenario.severity in Severity


def test_what_snap_leaves_open_is_told_as_a_ruling() -> None:
    """A report tells what this project's document alone rules from what SNAP demands."""
    assert "a ruling of its own, not SNAP's" in DOCUMENT
    alone = [scenario for scenario in CATALOGUE if scenario.source.startswith(DOCUMENT) and ";" not in scenario.source]
    assert [(scenario.name, scenario.severity.word) for scenario in alone] == [("success.repeated", "minor")]


@pytest.mark.parametrize("scenario", CATALOGUE, ids=IDS)
def test_a_scenario_sends_only_a_few_requests(scenario: Scenario, nicepay: Nicepay, stranger: Nicepay) -> None:
    """No scenario is a load: one to three requests, of a megabyte and a bit at most."""
    player = Player(nicepay.client_key, nicepay.private_key, stranger.private_key, Clock())
    requests = scenario.asks(player)
    assert 1 <= len(requests) <= MOST_REQUESTS
    assert all(len(request.body) < 1_200_000 for request in requests)


def test_the_page_is_in_step() -> None:
    """Its numbers are the catalogue's; its comparison names scenarios that there are, each once, in their severity."""
    text = page("judging-another-server")
    assert f"plays {len(CATALOGUE)} scenarios" in text
    severities = {scenario.name: scenario.severity.word for scenario in CATALOGUE}
    named: list[str] = []
    for severity, cell in re.findall(r"^\| .* \| ([a-z]+) \| (`.*`) \|$", text, re.MULTILINE):
        for name in re.findall(r"`([^`]+)`", cell):
            named.append(f"{named[-1].partition('.')[0]}{name}" if name.startswith(".") else name)
            assert severities[named[-1]] == severity
    counted = Counter(severities[name] for name in named)
    told = ", ".join(f"{counted[severity.word]} {severity.word}" for severity in sorted(Severity, reverse=True))
    assert f"passes {len(CATALOGUE) - len(set(named))} scenarios and fails {len(named)} ({told})" in text
