"""The judge against servers with one fault each: only the scenario for it finds it, and those that it must touch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import httpx
import pytest

from handlers.config.settings import Settings
from handlers.judge.exchange import Request
from handlers.judge.judging import Verdict, verdicts
from handlers.judge.pace import Pace
from handlers.judge.player import Player
from handlers.judge.scenario import Scenario
from handlers.judge.scenarios import CATALOGUE
from handlers.judge.sending import Sender, open_client
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
    """A server whose fault can be changed, and the judge in front of it."""

    faulty: Faulty
    url: httpx.URL
    player: Player
    client: httpx.Client
    scenarios: Sequence[Scenario]

    def judged(self, url: httpx.URL | None = None) -> list[Verdict]:
        sender = Sender(self.client, url or self.url, Clock(), Pace(AT_ONCE))
        return list(verdicts(self.scenarios, self.player, sender.send))

    def found(self, url: httpx.URL | None = None) -> set[str]:
        return {verdict.scenario.name for verdict in self.judged(url) if verdict.result == "failed"}


def _asked_once(player: Player) -> list[Scenario]:
    """The same scenarios, each with requests signed once for all tests: the clock stands still."""
    kept = {asks: asks(player) for asks in {scenario.asks: None for scenario in CATALOGUE}}

    def asks_again(requests: Sequence[Request]) -> Callable[[Player], Sequence[Request]]:
        return lambda _player: requests

    again = {asks: asks_again(requests) for asks, requests in kept.items()}
    return [replace(scenario, asks=again[scenario.asks]) for scenario in CATALOGUE]


@pytest.fixture(scope="module")
def bench(nicepay: Nicepay, stranger: Nicepay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    settings = Settings.load(write_settings(tmp_path_factory.mktemp("judged"), nicepay))
    services = replace(services_of(settings, Clock()), revocations=loaded_revocations())
    faulty = Faulty(application(public_api(BASE_PATH), lambda: services))
    player = Player(nicepay.client_key, nicepay.private_key, stranger.private_key, Clock())
    with served(faulty) as origin, open_client("test") as client:
        yield Bench(faulty, httpx.URL(origin + BASE_PATH + TOKEN_PATH), player, client, _asked_once(player))


@pytest.mark.parametrize("name", [name for name in NAMES if name != TUNNELLED])
def test_a_fault_is_found_by_its_scenario_alone(bench: Bench, nicepay: Nicepay, stranger: Nicepay, name: str) -> None:
    """A server with one fault fails the scenario for it, and no other but those named with the fault."""
    fault, also = planted(nicepay, stranger)[name]
    bench.faulty.fault = fault
    assert bench.found() == {name, *also}


def test_a_server_that_knows_names_in_one_spelling_is_found(bench: Bench) -> None:
    """Spelling is lost behind a parser, so the fault for it stands in front of one."""
    bench.faulty.fault = none
    with tunnel(bench.url) as url:
        assert bench.found(url) == {TUNNELLED}


def test_every_scenario_has_its_fault(nicepay: Nicepay, stranger: Nicepay) -> None:
    """No scenario is without a fault that it alone is there for, and no fault is named after none."""
    assert {*planted(nicepay, stranger), TUNNELLED} == set(NAMES)


def test_the_product_passes(bench: Bench) -> None:
    """This project's own server deviates nowhere."""
    bench.faulty.fault = none
    assert [verdict for verdict in bench.judged() if verdict.result != "passed"] == []


def test_without_a_first_token_nothing_else_is_asked(bench: Bench, nicepay: Nicepay, stranger: Nicepay) -> None:
    """A server that does not know the client is asked once; the other scenarios are skipped."""
    bench.faulty.fault = planted(nicepay, stranger)[FIRST].fault
    first, *rest = bench.judged()
    assert first.found == "no token: HTTP 401, 4017300 Unauthorized. X-CLIENT-KEY or X-SIGNATURE"
    assert {verdict.result for verdict in rest if verdict.scenario.group != "success"} == {"skipped"}
