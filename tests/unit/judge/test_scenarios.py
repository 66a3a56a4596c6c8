"""What every scenario of the catalogue must have."""

import re
from collections import Counter

import pytest

from handlers.cli.commands.check import SLOWEST
from handlers.judge.caller import Caller, Endpoint, SignedForm
from handlers.judge.scenario import DOCUMENT, Scenario, Severity
from handlers.judge.scenarios import CATALOGUE
from handlers.judge.scenarios.calls import call_scenarios
from handlers.judge.signer import Signer
from tests.merchant import Clock
from tests.nicepay import Nicepay
from tests.pages import page

MOST_REQUESTS = 3
MOST_CALLS = 4
LONGEST_WAIT = 60
"""Seconds between the signature of a request and its sending."""
IDS = [scenario.name for scenario in CATALOGUE]


def test_names_are_unique_and_groups_stay_together() -> None:
    """The catalogue has more than forty scenarios with unique names, and the scenarios of a group are neighbours."""
    groups = [scenario.group for scenario in CATALOGUE]
    assert len(set(IDS)) == len(CATALOGUE) > 40
    assert sorted(groups, key=list(dict.fromkeys(groups)).index) == groups


FORMS: tuple[SignedForm, ...] = ("asymmetric", "symmetric", "notification", "body-signed")


def _of_calls() -> list[Scenario]:
    """Every scenario for calls in any form. They are not played, so the caller needs no keys."""
    signer = Signer.__new__(Signer)
    by_name = {
        scenario.name: scenario
        for form in FORMS
        for scenario in call_scenarios(Caller(form, signer, Endpoint("/", "POST", b""), "P"))
    }
    return list(by_name.values())


@pytest.mark.parametrize("scenario", [*CATALOGUE, *_of_calls()], ids=lambda scenario: scenario.name)
def test_a_scenario_has_a_rule_a_reason_and_a_source(scenario: Scenario) -> None:
    """The rule of a scenario is one sentence with a reason, and the scenario names its source."""
    assert re.fullmatch(r"[a-z]+\.[a-z0-9_]+", scenario.name)
    assert re.fullmatch(r"\S.{30,}\.", scenario.rule)
    assert ". " not in scenario.rule
    assert re.search(r"[,:] ", scenario.rule)
    assert scenario.source.strip()
    assert scenario.severity in Severity


def test_rules_of_this_project_are_marked() -> None:
    """A report distinguishes the rules of this project's document from the rules of SNAP."""
    assert "its own rule, not a rule of SNAP" in DOCUMENT
    alone = [scenario for scenario in CATALOGUE if scenario.source.startswith(DOCUMENT) and ";" not in scenario.source]
    assert [(scenario.name, scenario.severity.word) for scenario in alone] == [("success.repeated", "minor")]


@pytest.mark.parametrize("scenario", CATALOGUE, ids=IDS)
def test_a_scenario_sends_only_a_few_requests(scenario: Scenario, nicepay: Nicepay, stranger: Nicepay) -> None:
    """A scenario sends one to three requests, each smaller than 1.2 megabytes."""
    signer = Signer(nicepay.client_key, nicepay.private_key, stranger.private_key, Clock())
    requests = scenario.requests(signer)
    assert 1 <= len(requests) <= MOST_REQUESTS
    assert all(len(request.body) < 1_200_000 for request in requests)


@pytest.mark.parametrize("form", FORMS)
def test_there_are_not_more_calls_than_scenarios(form: SignedForm, nicepay: Nicepay, stranger: Nicepay) -> None:
    """The number of scenarios is an upper limit of the calls, which share answers. So it says how long they take."""
    signer = Signer(nicepay.client_key, nicepay.private_key, stranger.private_key, Clock())
    scenarios = call_scenarios(Caller(form, signer, Endpoint("/", "POST", b""), "P", "", "t0ken"))
    distinct = {scenario.requests: scenario for scenario in scenarios}.values()
    numbers = [len(scenario.requests(signer)) for scenario in distinct]
    assert sum(numbers) <= len(scenarios)
    assert max(numbers) <= MOST_CALLS


def test_no_request_is_stale_when_it_is_sent() -> None:
    """The requests of a scenario are signed together. At the lowest speed, the last one waits less than a minute."""
    assert max(MOST_REQUESTS, MOST_CALLS) / SLOWEST < LONGEST_WAIT


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
    totals = ", ".join(f"{counted[severity.word]} {severity.word}" for severity in sorted(Severity, reverse=True))
    assert f"passes {len(CATALOGUE) - len(set(named))} scenarios and fails {len(named)} ({totals})" in text
