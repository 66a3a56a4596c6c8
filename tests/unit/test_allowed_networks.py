"""Requests of a client that may send only from its networks."""

import asyncio
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from handlers import decision_notes
from handlers.access_token import issue_access_token
from handlers.authorization import authorize_call, authorize_call_without_body
from handlers.introspection import introspect_token
from handlers.services import Services
from handlers.snap.clients import Clients
from handlers.snap.codes import SnapError
from handlers.snap.networks import Address
from tests.calls import loaded_revocations
from tests.forms import BODY, Acquirer, services_of_forms
from tests.merchant import NOON
from tests.nicepay import CLIENT_KEY, Nicepay, jakarta

NETWORKS = (ip_network("103.20.51.0/24"), ip_network("2001:db8::/32"))
INSIDE = [ip_address(each) for each in ("103.20.51.0", "103.20.51.255", "2001:db8:1::7")]
OUTSIDE = [ip_address(each) for each in ("103.20.50.255", "103.20.52.0", "2001:db9::7", "::103.20.51.7", "127.0.0.1")]
FORMS = ["token request", "call", "call without body", "notification", "body-signed"]


def _send(form: str, services: Services, acquirer: Acquirer, caller: Address | None, client: str = "") -> object:
    """Send a genuine request in this form from this address. `client` names another client."""
    if form == "token request":
        signed: dict[str, Any] = {"x_timestamp": jakarta(NOON), "x_client_key": client or CLIENT_KEY}
        signed["x_signature"] = acquirer.calls.signature(jakarta(NOON))
        return asyncio.run(issue_access_token(services, **signed, caller=caller))
    token = services.token_keys.issue(client or CLIENT_KEY, NOON)
    headers = {
        "call": lambda: acquirer.with_token(token),
        "call without body": lambda: acquirer.with_token(token, external_id="2"),
        "notification": lambda: acquirer.notification() | ({"X-CLIENT-KEY": client} if client else {}),
        "body-signed": lambda: acquirer.body_signed() | ({"X-PARTNER-ID": client} if client else {}),
    }[form]()
    names = {name.lower().replace("-", "_"): value for name, value in headers.items()}
    arguments: Any = dict.fromkeys(("authorization", "x_partner_id", "x_external_id")) | names
    if form == "call without body":
        return asyncio.run(authorize_call_without_body(services, caller=caller, **arguments))
    return asyncio.run(authorize_call(services, body=BODY, caller=caller, **arguments))


def _refusal(form: str, services: Services, acquirer: Acquirer, caller: Address | None, client: str = "") -> SnapError:
    with pytest.raises(SnapError) as refusal:
        _send(form, services, acquirer, caller, client)
    return refusal.value


@pytest.fixture(scope="module")
def acquirer() -> Acquirer:
    return Acquirer()


@pytest.fixture
def open_to_all(acquirer: Acquirer) -> Services:
    """A merchant whose clients have no networks."""
    return services_of_forms(acquirer)


@pytest.fixture
def services(acquirer: Acquirer, open_to_all: Services) -> Services:
    """A merchant whose client has two networks."""
    first, other = open_to_all.clients
    key = acquirer.calls.private_key.public_key()
    clients = Clients([replace(first, allowed_networks=NETWORKS), other], lambda _key: key)
    return replace(open_to_all, clients=clients)


@pytest.mark.parametrize("caller", INSIDE, ids=str)
@pytest.mark.parametrize("form", FORMS)
def test_an_address_of_the_networks_is_served(
    services: Services, acquirer: Acquirer, form: str, caller: Address
) -> None:
    """A genuine request of every form from an address of the networks is accepted."""
    assert _send(form, services, acquirer, caller)


@pytest.mark.parametrize("caller", [*OUTSIDE, None], ids=str)
@pytest.mark.parametrize("form", FORMS)
def test_another_address_is_refused(services: Services, acquirer: Acquirer, form: str, caller: Address | None) -> None:
    """A genuine request of every form from another address, or from an unknown one, is refused with its own reason."""
    assert _refusal(form, services, acquirer, caller).reason == "client.address_not_allowed"


@pytest.mark.parametrize("form", FORMS)
def test_the_caller_cannot_tell_it_from_an_unknown_client(services: Services, acquirer: Acquirer, form: str) -> None:
    """The refusal has the code, the message and the headers of a refusal of an unknown client."""
    refused = _refusal(form, services, acquirer, OUTSIDE[0])
    unknown = _refusal(form, services, acquirer, OUTSIDE[0], "NOBODY")
    assert unknown.reason == "client.unknown"
    assert (refused.code, refused.message, refused.headers) == (unknown.code, unknown.message, unknown.headers)


@pytest.mark.parametrize("form", ["token request", "notification", "body-signed"])
def test_the_address_comes_before_the_signature(services: Services, acquirer: Acquirer, form: str) -> None:
    """A forged request from another address is refused for its address, and no key of the client is used."""
    forger = replace(acquirer, calls=Nicepay(), notifications=Nicepay())
    assert _refusal(form, services, forger, OUTSIDE[0]).reason == "client.address_not_allowed"
    assert _refusal(form, services, forger, INSIDE[0]).reason == "signature.mismatch"
    client = services.sender(CLIENT_KEY, OUTSIDE[0])
    assert (client.public_keys, client.notification_keys, client.secrets) == ((), (), ())
    assert client.padding == services.clients.find("NOBODY").padding


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("caller", [*INSIDE, *OUTSIDE, None], ids=str)
def test_a_client_without_networks_may_send_from_everywhere(
    open_to_all: Services, acquirer: Acquirer, form: str, caller: Address | None
) -> None:
    """Without networks the address does not matter, and need not be known."""
    assert _send(form, open_to_all, acquirer, caller)


@pytest.mark.parametrize("form", FORMS)
def test_the_log_says_what_to_set_if_the_address_is_unknown(services: Services, acquirer: Acquirer, form: str) -> None:
    """Only if the address is unknown, the notes for the log name the setting."""
    notes = decision_notes.start_notes()
    _refusal(form, services, acquirer, OUTSIDE[0])
    assert "advice" not in notes
    _refusal(form, services, acquirer, None)
    assert "[server] trusted_proxies" in str(notes["advice"])


def test_the_address_comes_before_a_suspension(services: Services, acquirer: Acquirer) -> None:
    """A suspended client that sends from another address is refused for the address, in the networks as suspended."""
    suspended = replace(services, revocations=loaded_revocations(suspended=CLIENT_KEY))
    reasons = [_refusal("call", suspended, acquirer, each).reason for each in (OUTSIDE[0], INSIDE[0])]
    assert reasons == ["client.address_not_allowed", "client.suspended"]


def test_a_token_is_not_tied_to_networks(services: Services) -> None:
    """Introspection does not ask from where the client may send."""
    token = services.token_keys.issue(CLIENT_KEY, NOON)
    assert asyncio.run(introspect_token(services, token=token))["active"]
