"""The decision on calls whose details differ between acquirers. Each rule is exact, and accepts nothing weaker."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from hmac import digest
from typing import Any

import pytest

from handlers.authorization import authorize_call
from handlers.services import Services
from handlers.snap.client import Client
from handlers.snap.clients import Clients
from handlers.snap.codes import SnapError
from handlers.snap.particulars import Particulars
from handlers.snap.service import Service
from tests.calls import SECRET
from tests.forms import BODY, EVERY_FORM, EVERY_URI, NOTIFY_URI, SIGNED_URI, Acquirer, Headers, services_of_forms
from tests.merchant import NOON
from tests.nicepay import CLIENT_KEY, Nicepay, jakarta

TIMESTAMP = jakarta(NOON)
EMPTY_SLOT = Particulars(empty_token_slot=True)
EITHER = "Unauthorized. X-PARTNER-ID or X-SIGNATURE"
WRONG = f"401xx00 {EITHER} signature.mismatch"
WRONG_WITH_TOKEN = "401xx00 Unauthorized. X-SIGNATURE signature.mismatch"


@pytest.fixture(scope="module")
def acquirer() -> Acquirer:
    """The acquirer. Its partner ID is the client key."""
    return Acquirer(partner_id=CLIENT_KEY)


def _merchant(acquirer: Acquirer, particulars: Particulars, service: Service | None = None, **client: Any) -> Services:  # noqa: ANN401  attributes of a client
    """A merchant with the acquirer and another client, and one service at `EVERY_URI` that accepts every form."""
    known = services_of_forms(acquirer)
    first, other = list(known.clients)
    clients = Clients([replace(first, particulars=particulars, **client), other])
    called = {**known.called_services, EVERY_URI: service or Service("77", forms=EVERY_FORM)}
    return replace(known, clients=clients, called_services=called)


def _decide(known: Services, headers: Headers, **changed: str | None) -> object:
    given: Any = dict.fromkeys(("authorization", "x_partner_id", "x_external_id", "x_client_key"))
    given |= {name.lower().replace("-", "_"): value for name, value in headers.items()} | changed
    try:
        return asyncio.run(authorize_call(known, body=BODY, **given))
    except SnapError as refusal:
        return f"{refusal.code.response_code('xx')} {refusal.message} {refusal.reason}"


def _genuine(external_id: str | None = "1", client_key: str = CLIENT_KEY) -> object:
    return None, {"X-Client-Key": client_key, **({"X-External-Id": external_id} if external_id else {})}


def _hex(body: bytes) -> str:
    return sha256(body).hexdigest()


def _base64(body: bytes) -> str:
    return b64encode(sha256(body).digest()).decode()


def _by_key(  # noqa: PLR0913  each part of a call can be chosen
    acquirer: Acquirer,
    *,
    signed: str = EVERY_URI,
    uri: str = EVERY_URI,
    hashed: Callable[[bytes], str] = _hex,
    slot: str = "",
    signer: Nicepay | None = None,
) -> Headers:
    """The headers of a body-signed call."""
    message = f"POST:{signed}:{slot}{hashed(BODY)}:{TIMESTAMP}"
    headers = acquirer.body_signed(uri=uri)
    return headers | {"X-SIGNATURE": (signer or acquirer.calls).signature_of(message)}


def _by_secret(  # noqa: PLR0913  each part of a call can be chosen
    known: Services,
    *,
    with_token: bool = True,
    signed: str = EVERY_URI,
    uri: str = EVERY_URI,
    hashed: Callable[[bytes], str] = _hex,
    slot: str | None = None,
    secret: bytes = SECRET,
) -> Headers:
    """The headers of a symmetrically signed call. `slot` is the token of the string to sign with its colon."""
    token = known.token_keys.issue(CLIENT_KEY, NOON)
    message = f"POST:{signed}:{f'{token}:' if slot is None else slot}{hashed(BODY)}:{TIMESTAMP}"
    return {
        "X-Original-Method": "POST",
        "X-Original-URI": uri,
        **({"Authorization": f"Bearer {token}"} if with_token else {}),
        "X-TIMESTAMP": TIMESTAMP,
        "X-PARTNER-ID": CLIENT_KEY,
        "X-SIGNATURE": b64encode(digest(secret, message.encode(), "sha512")).decode(),
        "X-EXTERNAL-ID": "1",
    }


def _with_token(known: Services, acquirer: Acquirer) -> Headers:
    return acquirer.with_token(known.token_keys.issue(CLIENT_KEY, NOON), uri=EVERY_URI)


@pytest.mark.parametrize("form", ["token", "body-signed"])
@pytest.mark.parametrize("name", ["channel", "origin"])
@pytest.mark.parametrize("value", [None, "", "95231 ", "95232"])
def test_a_pinned_header_is_required(acquirer: Acquirer, form: str, name: str, value: str | None) -> None:
    """A genuine call without the pinned CHANNEL-ID or ORIGIN is refused, and uses up no X-EXTERNAL-ID."""
    known = _merchant(acquirer, Particulars(channel_id="95231", origin="95231"))
    headers = (_with_token(known, acquirer) if form == "token" else _by_key(acquirer)) | {
        "CHANNEL-ID": "95231",
        "ORIGIN": "95231",
    }
    argument, field = {"channel": ("channel_id", "CHANNEL-ID"), "origin": ("origin", "ORIGIN")}[name]
    assert _decide(known, headers, **{argument: value}) == f"401xx00 Unauthorized. {field} {name}.mismatch"
    assert _decide(known, headers) == _genuine()


def test_a_notification_has_no_pinned_headers(acquirer: Acquirer) -> None:
    """A notification has neither CHANNEL-ID nor ORIGIN nor X-EXTERNAL-ID, so no rule about them refuses it."""
    known = _merchant(acquirer, Particulars("95231", "bank.example", "numeric", 1))
    assert _decide(known, acquirer.notification(uri=NOTIFY_URI), x_external_id="a-b") == _genuine(None)


@pytest.mark.parametrize("form", ["token", "body-signed"])
@pytest.mark.parametrize("external_id", ["12a", "1234"])
def test_an_external_id_fits_its_client(acquirer: Acquirer, form: str, external_id: str) -> None:
    """An X-EXTERNAL-ID of another format or beyond the client's length is refused, and the field is named."""
    known = _merchant(acquirer, Particulars(external_id_format="numeric", external_id_max_length=3))
    headers = _with_token(known, acquirer) if form == "token" else _by_key(acquirer)
    refused = "400xx01 Invalid Field Format X-EXTERNAL-ID external_id.malformed"
    assert _decide(known, headers, x_external_id=external_id) == refused
    assert _decide(known, headers, x_external_id="123") == _genuine("123")


def test_a_stranger_learns_no_rule(acquirer: Acquirer) -> None:
    """Without a valid signature, a wrong channel and a malformed X-EXTERNAL-ID get the answer of an unknown client."""
    known = _merchant(acquirer, Particulars(channel_id="95231", external_id_format="numeric"))
    forged = _by_key(acquirer, signer=Nicepay()) | {"CHANNEL-ID": "1", "X-EXTERNAL-ID": "a"}
    assert _decide(known, forged) == WRONG
    assert _decide(known, forged, x_partner_id="NOBODY") == f"401xx00 {EITHER} client.unknown"
    with_token = _with_token(known, acquirer) | {"X-SIGNATURE": forged["X-SIGNATURE"], "CHANNEL-ID": "1"}
    assert _decide(known, with_token) == WRONG_WITH_TOKEN


@pytest.mark.parametrize("form", ["token", "body-signed"])
def test_a_client_may_have_several_partner_ids(acquirer: Acquirer, form: str) -> None:
    """Each of its partner IDs names the client, in its calls with a token and without. No other one does."""
    known = _merchant(acquirer, Particulars(), partner_ids=(CLIENT_KEY, "SECOND", "THIRD"))
    for number, partner_id in enumerate((CLIENT_KEY, "SECOND", "THIRD")):
        headers = _with_token(known, acquirer) if form == "token" else _by_key(acquirer)
        changed = {"x_partner_id": partner_id, "x_external_id": f"{number}"}
        assert _decide(known, headers, **changed) == _genuine(f"{number}")
    unknown = {"token": "401xx00 Unauthorized. X-PARTNER-ID partner.mismatch"}
    refused = unknown.get(form, f"401xx00 {EITHER} client.unknown")
    assert _decide(known, headers, x_partner_id="FOURTH") == refused


URI = f"/merchant{EVERY_URI}?a=b"
WITHOUT_PREFIX = f"{EVERY_URI}?a=b"
FIXED = "/qr/qr-mpm-notify?a=b"


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize(
    ("prefix", "signed_path", "right"),
    [
        (None, None, URI),
        ("/merchant", None, WITHOUT_PREFIX),
        (None, "/qr/qr-mpm-notify", FIXED),
        ("/merchant", "/qr/qr-mpm-notify", FIXED),
        ("/qr", "/qr/qr-mpm-notify", FIXED),
    ],
)
def test_one_path_is_signed(
    acquirer: Acquirer, prefix: str | None, signed_path: str | None, right: str, *, symmetric: bool
) -> None:
    """Exactly the path that the settings give is signed, with the query as received. The usual path is refused."""
    service = Service("77", forms=EVERY_FORM, signed_path=signed_path)
    secret: dict[str, Any] = {"client_secret": SECRET} if symmetric else {}
    known = _merchant(acquirer, Particulars(path_prefix_not_signed=prefix), **secret)
    known = replace(known, called_services={f"/merchant{EVERY_URI}": service})
    for signed in {URI, WITHOUT_PREFIX, FIXED, right, right.partition("?")[0]} - {right}:
        if symmetric:
            assert _decide(known, _by_secret(known, signed=signed, uri=URI)) == WRONG_WITH_TOKEN
        else:
            assert _decide(known, _by_key(acquirer, signed=signed, uri=URI)) == WRONG
    headers = _by_secret(known, signed=right, uri=URI) if symmetric else _by_key(acquirer, signed=right, uri=URI)
    assert _decide(known, headers) == _genuine()


@pytest.mark.parametrize("symmetric", [True, False])
def test_a_copy_at_another_service_with_the_same_signed_path_is_a_repeat(
    acquirer: Acquirer, *, symmetric: bool
) -> None:
    """One signature is valid for both services, but the call is accepted once."""
    secret: dict[str, Any] = {"client_secret": SECRET} if symmetric else {}
    known = _merchant(acquirer, Particulars(), **secret)
    service = Service("77", forms=EVERY_FORM, signed_path="/qr/qr-mpm-notify")
    known = replace(known, called_services={"/a": service, "/b": service})
    signed = "/qr/qr-mpm-notify"
    headers = _by_secret(known, signed=signed) if symmetric else _by_key(acquirer, signed=signed)
    assert _decide(known, headers, x_original_uri="/a") == _genuine()
    assert _decide(known, headers, x_original_uri="/b") == "409xx00 Conflict call.repeated"


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize(("body_hash", "right", "wrong"), [("hex", _hex, _base64), ("base64", _base64, _hex)])
def test_one_spelling_of_the_hash_is_signed(
    acquirer: Acquirer,
    symmetric: bool,  # noqa: FBT001  a parameter of pytest
    body_hash: Any,  # noqa: ANN401  a literal
    right: Callable[[bytes], str],
    wrong: Callable[[bytes], str],
) -> None:
    """A signature over the hash in the other spelling is refused, in both forms that sign the body."""
    secret: dict[str, Any] = {"client_secret": SECRET} if symmetric else {}
    known = _merchant(acquirer, Particulars(body_hash=body_hash), **secret)
    if symmetric:
        assert _decide(known, _by_secret(known, hashed=wrong)) == WRONG_WITH_TOKEN
        assert _decide(known, _by_secret(known, hashed=right)) == _genuine()
    else:
        assert _decide(known, _by_key(acquirer, hashed=wrong)) == WRONG
        assert _decide(known, _by_key(acquirer, hashed=right)) == _genuine()


def test_an_empty_token_is_signed_only_where_it_is_set(acquirer: Acquirer) -> None:
    """With Authorization, the string to sign has the token, or nothing if the settings say so. Never both are right."""
    usual = _merchant(acquirer, Particulars(), client_secret=SECRET)
    empty = _merchant(acquirer, EMPTY_SLOT, client_secret=SECRET)
    assert _decide(usual, _by_secret(usual, slot=":")) == WRONG_WITH_TOKEN
    assert _decide(usual, _by_secret(usual)) == _genuine()
    assert _decide(empty, _by_secret(empty)) == WRONG_WITH_TOKEN
    assert _decide(empty, _by_secret(empty, slot="")) == WRONG_WITH_TOKEN
    assert _decide(empty, _by_secret(empty, slot=":")) == _genuine()


def test_a_token_that_is_there_must_be_valid(acquirer: Acquirer) -> None:
    """An empty token in the string to sign does not make a forged or an empty Authorization valid."""
    known = _merchant(acquirer, EMPTY_SLOT, Service("77"), client_secret=SECRET)
    headers = _by_secret(known, slot=":")
    forged = "401xx01 Invalid Token (B2B) token.tampered"
    assert _decide(known, headers, authorization="Bearer gAAAAA") == forged
    for absent in (None, ""):
        assert _decide(known, headers, authorization=absent) == "401xx03 Token Not Found (B2B) token.absent"


def test_a_call_without_authorization_needs_the_secret(acquirer: Acquirer) -> None:
    """Only the secret over the empty token verifies it: no key of the client, no other secret, no other string."""
    known = _merchant(acquirer, EMPTY_SLOT, client_secret=SECRET, former_secrets=(b"a former secret!",))
    for slot in ("", ":"):
        assert _decide(known, _by_key(acquirer, slot=slot)) == WRONG
    assert _decide(known, _by_secret(known, with_token=False, slot="")) == WRONG
    assert _decide(known, _by_secret(known, with_token=False)) == WRONG
    for secret in (b"another secret of nobody", bytes(len(SECRET)), b""):
        assert _decide(known, _by_secret(known, with_token=False, slot=":", secret=secret)) == WRONG
    assert _decide(known, _by_secret(known, with_token=False, slot=":")) == _genuine()
    former = _by_secret(known, with_token=False, slot=":", secret=b"a former secret!")
    assert _decide(known, former, x_external_id="2") == _genuine("2")


def test_a_service_must_accept_calls_without_authorization(acquirer: Acquirer) -> None:
    """A service of calls with a token refuses a call with an empty token and without Authorization."""
    known = _merchant(acquirer, EMPTY_SLOT, Service("77"), client_secret=SECRET)
    headers = _by_secret(known, with_token=False, slot=":")
    assert _decide(known, headers) == "401xx03 Token Not Found (B2B) token.absent"


@pytest.mark.parametrize("particulars", [Particulars(), EMPTY_SLOT])
def test_a_secret_signs_no_call_without_authorization_of_another_client(
    acquirer: Acquirer, particulars: Particulars
) -> None:
    """A client without an empty token needs its key pair, also if another client of the merchant signs with a secret.

    The dummy secrets that make refusals take equally long verify nothing.
    """
    known = _merchant(acquirer, particulars, client_secret=SECRET)
    first, other = list(known.clients)
    with_secret = Client("THIRD", other.public_keys, other.clock_tolerance, client_secret=SECRET)
    clients = [first, other, replace(with_secret, particulars=EMPTY_SLOT)]
    known = replace(known, clients=Clients(clients))
    for secret in (SECRET, bytes(len(SECRET)), b""):
        for slot in ("", ":"):
            forged = _by_secret(known, with_token=False, slot=slot, secret=secret)
            assert _decide(known, forged, x_partner_id="OTHER") == WRONG
            assert _decide(known, forged, x_partner_id="NOBODY") == f"401xx00 {EITHER} client.unknown"
    assert _decide(known, _by_key(acquirer), x_partner_id="OTHER") == _genuine(client_key="OTHER")


@pytest.mark.parametrize("token_first", [True, False])
def test_a_copy_without_its_token_is_a_repeat(acquirer: Acquirer, *, token_first: bool) -> None:
    """With an empty token slot, one signature is valid in two forms. The call is accepted once, in either of them."""
    known = _merchant(acquirer, EMPTY_SLOT, client_secret=SECRET)
    with_token, without = (_by_secret(known, with_token=each, slot=":") for each in (True, False))
    first, second = (with_token, without) if token_first else (without, with_token)
    assert _decide(known, first) == _genuine()
    assert _decide(known, second) == "409xx00 Conflict call.repeated"


def test_a_dummy_secret_signs_nothing(acquirer: Acquirer) -> None:
    """A client with fewer secrets than another is padded with dummy secrets, and a signature with one is refused."""
    known = _merchant(acquirer, EMPTY_SLOT, client_secret=SECRET)
    first, other = list(known.clients)
    two = Client("TWO", other.public_keys, other.clock_tolerance, client_secret=SECRET, former_secrets=(SECRET,))
    known = replace(known, clients=Clients([first, other, replace(two, particulars=EMPTY_SLOT)]))
    (dummy,) = known.clients.find(CLIENT_KEY).secret_padding
    assert _decide(known, _by_secret(known, with_token=False, slot=":", secret=dummy)) == WRONG
    assert _decide(known, _by_secret(known, with_token=False, slot=":")) == _genuine()


def test_a_suspended_client_with_an_empty_token_is_refused(acquirer: Acquirer) -> None:
    """A suspended client gets the answer to a wrong signature, although its secret signed the call."""
    known = _merchant(acquirer, EMPTY_SLOT, client_secret=SECRET, suspended=True)
    refused = _decide(known, _by_secret(known, with_token=False, slot=":"))
    assert refused == f"401xx00 {EITHER} client.suspended"


def test_the_usual_service_is_not_affected(acquirer: Acquirer) -> None:
    """A client without particulars makes its calls as before."""
    known = _merchant(acquirer, Particulars())
    assert _decide(known, acquirer.body_signed(uri=SIGNED_URI), channel_id="1", origin="x") == _genuine()
