"""The judge with servers that have one fault each: the scenario for the fault finds it, and no unrelated scenario."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import httpx
import pytest

from handlers.config.settings import Settings
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
from tests.judge.faults import UNREADABLE, Unreadable, planted
from tests.judge.faulty import Answer as FaultyAnswer
from tests.judge.faulty import FaultyServer, Server, alters, none
from tests.judge.faulty import Request as FaultyRequest
from tests.judge.presigned import with_presigned_requests
from tests.judge.tunnel import tunnel
from tests.merchant import BASE_PATH, Clock, services_of, write_settings
from tests.nicepay import Nicepay

TUNNELLED = "form.header_case"
FIRST = CATALOGUE[0].name
NAMES = [scenario.name for scenario in CATALOGUE]
AT_ONCE = 1_000_000


@dataclass
class JudgedServer:
    """A server whose fault can be changed, and the judge that tests it."""

    faulty: FaultyServer
    url: httpx.URL
    signer: Signer
    client: httpx.Client
    scenarios: Sequence[Scenario]

    def judge(self, url: httpx.URL | None = None, group: str = "") -> list[ScenarioResult]:
        sender = Sender(self.client, url or self.url, Clock(), Throttle(AT_ONCE))
        scenarios = [scenario for scenario in self.scenarios if scenario.name.startswith(group)]
        return list(run(scenarios, self.signer, sender.send))

    def failed_scenarios(self, url: httpx.URL | None = None) -> set[str]:
        return {result.scenario.name for result in self.judge(url) if result.outcome == "failed"}


@pytest.fixture(scope="module")
def server(nicepay: Nicepay, stranger: Nicepay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JudgedServer]:
    settings = Settings.load(write_settings(tmp_path_factory.mktemp("judged"), nicepay))
    services = replace(services_of(settings, Clock()), revocations=loaded_revocations())
    faulty = FaultyServer(application(public_api(BASE_PATH), lambda: services))
    signer = Signer(nicepay.client_key, nicepay.private_key, stranger.private_key, Clock())
    with served(faulty) as origin, open_client("test") as client:
        url = httpx.URL(origin + BASE_PATH + TOKEN_PATH)
        yield JudgedServer(faulty, url, signer, client, with_presigned_requests(CATALOGUE, signer))


@pytest.mark.parametrize("name", [name for name in NAMES if name != TUNNELLED])
def test_a_fault_is_found_by_its_scenario_alone(
    server: JudgedServer, nicepay: Nicepay, stranger: Nicepay, name: str
) -> None:
    """A server with one fault fails the scenario for this fault and the scenarios named with it, and no other."""
    fault, also = planted(nicepay, stranger)[name]
    server.faulty.fault = fault
    assert server.failed_scenarios() == {name, *also}


def test_case_sensitive_header_names_are_found(server: JudgedServer) -> None:
    """A server that accepts header names in one spelling only fails the scenario for it."""
    server.faulty.fault = none
    with tunnel(server.url) as url:
        assert server.failed_scenarios(url) == {TUNNELLED}


def test_every_scenario_has_its_fault(nicepay: Nicepay, stranger: Nicepay) -> None:
    """Each scenario has its own fault, and each fault belongs to a scenario."""
    assert {*planted(nicepay, stranger), TUNNELLED} == set(NAMES)


def test_the_product_passes(server: JudgedServer) -> None:
    """This project's server passes every scenario."""
    server.faulty.fault = none
    assert [result for result in server.judge() if result.outcome != "passed"] == []


def test_without_a_first_token_other_scenarios_are_skipped(
    server: JudgedServer, nicepay: Nicepay, stranger: Nicepay
) -> None:
    """If a server refuses the first genuine request, the other groups of scenarios are skipped."""
    server.faulty.fault = planted(nicepay, stranger)[FIRST].fault
    first, *others = server.judge()
    assert first.found == "expected a token, got HTTP 401, 4017300 Unauthorized. X-CLIENT-KEY or X-SIGNATURE"
    assert {result.outcome for result in others if result.scenario.group != "success"} == {"skipped"}


@pytest.mark.parametrize("kind", UNREADABLE.values(), ids=list(UNREADABLE))
def test_a_body_that_real_clients_cannot_read_is_found(server: JudgedServer, kind: Unreadable) -> None:
    """A token in a body that real clients cannot read fails the scenario for it, with a reason that names it."""
    server.faulty.fault = alters(kind.change, lambda _request, answer: answer.status == 200)
    results = server.judge(group="success")
    failed = {result.scenario.name: result.found for result in results if result.outcome == "failed"}
    assert failed.keys() == {kind.scenario}
    assert failed[kind.scenario].startswith(kind.found)


def test_a_token_in_an_unreadable_body_is_still_issued(
    server: JudgedServer, nicepay: Nicepay, stranger: Nicepay
) -> None:
    """A server that issues tokens to everybody is found, although its body has another encoding."""
    accepting = planted(nicepay, stranger)["forged.another_key"].fault

    async def fault(request: FaultyRequest, served: Server) -> FaultyAnswer:
        answer = await accepting(request, served)
        return UNREADABLE["UTF-16LE"].change(answer) if answer.status == 200 else answer

    server.faulty.fault = fault
    assert "forged.another_key" in server.failed_scenarios()
