"""The judge against servers with one fault each. Only the scenario for the fault, and named others, find it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import httpx
import pytest

from handlers.config.settings import Settings
from handlers.judge.exchange import Request
from handlers.judge.scenario import Scenario
from handlers.judge.scenario_runner import ScenarioResult, run
from handlers.judge.scenarios import CATALOGUE
from handlers.judge.sender import Sender, open_client
from handlers.judge.signer import Signer
from handlers.judge.throttle import Throttle
from handlers.server.openapi.application import application, public_api
from tests.calls import loaded_revocations
from tests.document import TOKEN_PATH
from tests.fuzz.planted import served
from tests.judge.faults import planted
from tests.judge.faulty import Faulty, none
from tests.judge.tunnel import tunnel
from tests.merchant import BASE_PATH, Clock, services_of, write_settings
from tests.nicepay import Nicepay

TUNNELLED = "form.header_case"
FIRST = CATALOGUE[0].name
NAMES = [scenario.name for scenario in CATALOGUE]
AT_ONCE = 1_000_000


@dataclass
class Bench:
    """A server whose fault can be changed, and the judge for it."""

    faulty: Faulty
    url: httpx.URL
    signer: Signer
    client: httpx.Client
    scenarios: Sequence[Scenario]

    def results(self, url: httpx.URL | None = None) -> list[ScenarioResult]:
        sender = Sender(self.client, url or self.url, Clock(), Throttle(AT_ONCE))
        return list(run(self.scenarios, self.signer, sender.send))

    def found(self, url: httpx.URL | None = None) -> set[str]:
        return {result.scenario.name for result in self.results(url) if result.outcome == "failed"}


def _with_fixed_requests(signer: Signer) -> list[Scenario]:
    """Return the scenarios with requests that are signed once for all tests, because the clock does not run."""
    made = {make: make(signer) for make in {scenario.requests: None for scenario in CATALOGUE}}

    def fixed(requests: Sequence[Request]) -> Callable[[Signer], Sequence[Request]]:
        return lambda _signer: requests

    again = {make: fixed(requests) for make, requests in made.items()}
    return [replace(scenario, requests=again[scenario.requests]) for scenario in CATALOGUE]


@pytest.fixture(scope="module")
def bench(nicepay: Nicepay, stranger: Nicepay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    settings = Settings.load(write_settings(tmp_path_factory.mktemp("judged"), nicepay))
    services = replace(services_of(settings, Clock()), revocations=loaded_revocations())
    faulty = Faulty(application(public_api(BASE_PATH), lambda: services))
    signer = Signer(nicepay.client_key, nicepay.private_key, stranger.private_key, Clock())
    with served(faulty) as origin, open_client("test") as client:
        yield Bench(faulty, httpx.URL(origin + BASE_PATH + TOKEN_PATH), signer, client, _with_fixed_requests(signer))


@pytest.mark.parametrize("name", [name for name in NAMES if name != TUNNELLED])
def test_a_fault_is_found_by_its_scenario_alone(bench: Bench, nicepay: Nicepay, stranger: Nicepay, name: str) -> None:
    """A server with one fault fails the scenario for it and the scenarios named with the fault, and no other."""
    fault, also = planted(nicepay, stranger)[name]
    bench.faulty.fault = fault
    assert bench.found() == {name, *also}


def test_a_server_that_accepts_names_in_one_case_only_is_found(bench: Bench) -> None:
    """A server that refuses lowercase header names is found. Its fault lies in front of the HTTP parser."""
    bench.faulty.fault = none
    with tunnel(bench.url) as url:
        assert bench.found(url) == {TUNNELLED}


def test_every_scenario_has_its_fault(nicepay: Nicepay, stranger: Nicepay) -> None:
    """Each scenario has a fault, and each fault has a scenario."""
    assert {*planted(nicepay, stranger), TUNNELLED} == set(NAMES)


def test_this_projects_server_passes(bench: Bench) -> None:
    """This project's server passes every scenario."""
    bench.faulty.fault = none
    assert [result for result in bench.results() if result.outcome != "passed"] == []


def test_without_a_first_token_the_others_are_skipped(bench: Bench, nicepay: Nicepay, stranger: Nicepay) -> None:
    """A server that does not know the client gets one request, and the other scenarios are skipped."""
    bench.faulty.fault = planted(nicepay, stranger)[FIRST].fault
    first, *rest = bench.results()
    assert first.found == "expected a token, got HTTP 401, 4017300 Unauthorized. X-CLIENT-KEY or X-SIGNATURE"
    assert {result.outcome for result in rest if result.scenario.group != "success"} == {"skipped"}
