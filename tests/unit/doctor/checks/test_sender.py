"""The doctor's check of the address from which a request came."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from handlers.doctor.context import MerchantContext
from handlers.doctor.diagnose import diagnose
from handlers.doctor.log_verdict import verdict
from handlers.doctor.messages.render import LANGUAGES, message_of
from handlers.doctor.verdicts import Verdict
from handlers.snap.clients import Clients
from tests.mistakes import Make, World, call, symmetric, token_request, via_proxy
from tests.mistakes_without_token import body_signed, notification

WORLD = World()
NETWORKS = (ip_network("203.0.113.0/24"), ip_network("2001:db8::/32"))
INSIDE, OUTSIDE = ip_address("203.0.113.7"), ip_address("198.51.100.1")
REQUESTS: dict[str, Make] = {
    "token request": token_request,
    "call": call,
    "call through a proxy": lambda world: via_proxy(call(world)),
    "symmetric": symmetric,
    "notification": notification,
    "body-signed": body_signed,
}
EACH = pytest.mark.parametrize("make", REQUESTS.values(), ids=REQUESTS)


@pytest.fixture
def context() -> MerchantContext:
    """The merchant's settings. Every client has two networks."""
    clients = [replace(client, allowed_networks=NETWORKS) for client in WORLD.context.clients]
    return replace(WORLD.context, clients=Clients(clients))


@EACH
def test_another_address_is_the_only_mistake(context: MerchantContext, make: Make) -> None:
    """A genuine request from another address has this one mistake. The finding names the address and the networks."""
    diagnosis = diagnose(replace(make(WORLD), caller=OUTSIDE), context)
    assert (diagnosis.main.verdict, diagnosis.also) == (Verdict.CLIENT_ADDRESS_NOT_ALLOWED, ())
    texts = [" ".join(message_of(diagnosis.main, language)) for language in LANGUAGES]
    for text in texts:
        assert "198.51.100.1" in text
        assert "203.0.113.0/24, 2001:db8::/32" in text


@EACH
@pytest.mark.parametrize("caller", [INSIDE, ip_address("2001:db8::7"), None])
def test_an_allowed_or_unknown_address_is_no_mistake(context: MerchantContext, make: Make, caller: None) -> None:
    """A capture without the address says nothing about it."""
    assert diagnose(replace(make(WORLD), caller=caller), context).genuine


@EACH
def test_a_client_without_networks_may_send_from_everywhere(make: Make) -> None:
    """Without networks the address does not matter."""
    assert diagnose(replace(make(WORLD), caller=OUTSIDE), WORLD.context).genuine


def test_the_address_comes_before_the_partner(context: MerchantContext) -> None:
    """The main mistake is the one that the server's log names: the address, before X-PARTNER-ID and a suspension."""
    diagnosis = diagnose(replace(call(WORLD, X_PARTNER_ID="NOBODY"), caller=OUTSIDE), context)
    assert diagnosis.main.verdict == Verdict.CLIENT_ADDRESS_NOT_ALLOWED
    assert [each.verdict for each in diagnosis.also] == [Verdict.CALL_PARTNER_UNKNOWN]
    suspended = token_request(WORLD, X_CLIENT_KEY="SUSPENDED")
    assert diagnose(replace(suspended, caller=OUTSIDE), context).main.verdict == Verdict.CLIENT_ADDRESS_NOT_ALLOWED


@EACH
def test_the_log_names_it(make: Make) -> None:
    """The verdict in the log is the server's reason."""
    request = make(WORLD)
    found = verdict("client.address_not_allowed", "", request, WORLD.clients)
    assert found == Verdict.CLIENT_ADDRESS_NOT_ALLOWED
