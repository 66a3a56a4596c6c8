"""The decision on every combination of accepted forms, headers and signatures, beside an independent model of it."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, product

import pytest

from handlers.authorization import authorize_call
from handlers.services import Services
from handlers.snap.call_form import CallForm
from handlers.snap.client import Client
from handlers.snap.clients import Clients
from handlers.snap.codes import SnapError
from handlers.snap.service import Service
from handlers.state.memory import MemoryState
from tests.calls import PARTNER, SECRET
from tests.forms import BODY, EVERY_FORM, Acquirer, services_of_forms
from tests.fuzz.call_rules import ASYMMETRIC_TOKEN, BODY_SIGNED, FORMS, NOTIFICATION, SYMMETRIC_TOKEN, Acquirers
from tests.internal import SYMMETRIC
from tests.merchant import NOON
from tests.nicepay import CLIENT_KEY, jakarta

URI = "/api/v1.0/table"
SUBSETS = [each for size in (1, 2, 3) for each in combinations(EVERY_FORM, size)]


@dataclass(frozen=True)
class World:
    """A merchant with a client of each kind of call signature, and the model of the same clients."""

    services: Services
    model: Acquirers

    def headers(self) -> Iterator[dict[str, str]]:
        """Every combination of present and absent headers, each with the signature of every form and with none."""
        for token, client_key, partner_id, external_id, form in product(
            ("", *self.model.tokens), ("", CLIENT_KEY), ("", PARTNER, SYMMETRIC), ("", "1"), (*FORMS, "")
        ):
            headers = {
                "x-original-method": "POST",
                "x-original-uri": URI,
                "x-timestamp": jakarta(NOON),
                "authorization": f"Bearer {token}" if token else "",
                "x-client-key": client_key,
                "x-partner-id": partner_id,
                "x-external-id": external_id,
            }
            yield headers | {"x-signature": self.model.signature(form, headers, BODY) if form else "AAAA"}

    def decision(self, accepted: tuple[CallForm, ...], headers: dict[str, str]) -> str | None:
        """The client of a call that is the first of its kind. None if the call is refused."""
        services = replace(self.services, state=MemoryState(), called_services={URI: Service("77", forms=accepted)})
        given: dict[str, str] = {name.replace("-", "_"): value for name, value in headers.items()}
        try:
            _, answer = asyncio.run(authorize_call(services, body=BODY, caller=None, **given))
        except SnapError:
            return None
        return answer["X-Client-Key"]


@pytest.fixture(scope="module")
def world() -> World:
    """The first client has notifications and body-signed calls, too."""
    acquirer = Acquirer()
    services = services_of_forms(acquirer)
    first = next(iter(services.clients))
    second = Client(SYMMETRIC, first.public_keys, first.clock_tolerance, client_secret=SECRET)
    clients: list[Client] = [first, second]
    services = replace(services, clients=Clients(clients))
    issue = services.token_keys.issue
    tokens = {issue(CLIENT_KEY, NOON): ASYMMETRIC_TOKEN, issue(SYMMETRIC, NOON): SYMMETRIC_TOKEN}
    return World(services, Acquirers(acquirer.calls, acquirer.notifications, tokens))


@pytest.mark.parametrize("accepted", SUBSETS, ids=" ".join)
def test_a_call_needs_the_headers_and_the_signature_of_one_accepted_form(
    world: World, accepted: tuple[CallForm, ...]
) -> None:
    """A call is genuine if and only if it has exactly the headers of one accepted form, and its signature."""
    forms: Counter[str] = Counter()
    for headers in world.headers():
        form = world.model.genuine_form(accepted, headers, BODY)
        client = (SYMMETRIC if headers["x-partner-id"] == SYMMETRIC else CLIENT_KEY) if form else None
        assert (world.decision(accepted, headers), headers) == (client, headers)
        forms.update([form] if form else [])
    assert forms == _genuine_combinations(accepted)


def _genuine_combinations(accepted: tuple[CallForm, ...]) -> Counter[str]:
    """How many of the combinations are genuine: the model is not trusted either.

    With a token, X-CLIENT-KEY must be absent, or is ignored where only calls with a token are accepted. A notification
    may have an X-EXTERNAL-ID. Two clients make body-signed calls.
    """
    with_token = 2 if accepted == ("token",) else 1
    numbers: dict[CallForm, dict[str, int]] = {
        "token": {ASYMMETRIC_TOKEN: with_token, SYMMETRIC_TOKEN: with_token},
        "notification": {NOTIFICATION: 2},
        "body-signed": {BODY_SIGNED: 2},
    }
    return sum((Counter(numbers[form]) for form in accepted), Counter())
