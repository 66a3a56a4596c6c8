"""One client: whose signatures and calls it accepts."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from handlers.snap.call import Call, sign
from handlers.snap.client import Client
from handlers.snap.codes import UNAUTHORIZED, SnapError
from tests.calls import client_of
from tests.nicepay import Nicepay, fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

TIMESTAMP = "2026-01-22T12:00:00+07:00"


def test_a_genuine_signature_is_accepted(nicepay: Nicepay) -> None:
    """A signature of the client's key is accepted over its own headers, and refused over other headers."""
    client = client_of(nicepay)
    client.require_signature("IONPAYTEST", TIMESTAMP, nicepay.signature(TIMESTAMP))
    with pytest.raises(SnapError) as refusal:
        client.require_signature("IONPAYTEST", TIMESTAMP.replace("12", "13"), nicepay.signature(TIMESTAMP))
    assert refusal.value.reason == "signature.mismatch"


def test_a_padding_key_verifies_no_client(nicepay: Nicepay, stranger: Nicepay) -> None:
    """A padding key verifies no client's signature, even for somebody who has its private key."""
    padded = replace(client_of(nicepay), padding=(stranger.private_key.public_key(),))
    with pytest.raises(SnapError) as refusal:
        padded.require_signature("IONPAYTEST", TIMESTAMP, stranger.signature(TIMESTAMP))
    assert refusal.value.reason == "signature.mismatch"


def test_a_suspended_client_is_refused_like_a_wrong_signature(nicepay: Nicepay) -> None:
    """The caller sees no difference between a suspended client and a wrong signature. The log does."""
    suspended = replace(client_of(nicepay), suspended=True)
    refusals = []
    for signed in (TIMESTAMP, "another"):
        with pytest.raises(SnapError) as refusal:
            suspended.require_signature("IONPAYTEST", TIMESTAMP, nicepay.signature(signed))
        refusals.append(refusal.value)
    genuine, forged = refusals
    assert (genuine.code, genuine.message, genuine.headers) == (forged.code, forged.message, forged.headers)
    assert [genuine.reason, forged.reason] == ["client.suspended", "signature.mismatch"]


def test_a_partner_id_is_the_client_key_unless_given(nicepay: Nicepay) -> None:
    """X-PARTNER-ID is the client key, unless the settings name another."""
    assert client_of(nicepay).partner_ids == ("IONPAYTEST",)
    assert replace(client_of(nicepay), partner_ids=("PARTNER",)).partner_ids == ("PARTNER",)


def test_a_printed_client_shows_no_secret(nicepay: Nicepay) -> None:
    """A printed client, for example in a traceback, does not show its secret."""
    assert "geheim" not in repr(replace(client_of(nicepay), client_secret=b"geheim", former_secrets=(b"geheim too",)))


@pytest.mark.parametrize(
    ("known", "suspended", "partner_id", "reason"),
    [
        (True, False, "ANOTHER", "partner.mismatch"),
        (True, False, "partner", "partner.mismatch"),
        (True, False, "IONPAYTEST", "partner.mismatch"),
        (True, True, "PARTNER", "client.suspended"),
        (False, False, "PARTNER", "client.unknown"),
    ],
)
def test_a_call_is_its_client_s(
    nicepay: Nicepay, partner_id: str, reason: str, *, known: bool, suspended: bool
) -> None:
    """A partner id that is another's, or a client that may do nothing, is refused alike; the reasons differ."""
    client = replace(client_of(nicepay), partner_ids=("PARTNER",), known=known, suspended=suspended)
    with pytest.raises(SnapError) as refusal:
        client.require_partner(partner_id)
    assert (refusal.value.code, refusal.value.field) == (UNAUTHORIZED, "X-PARTNER-ID")
    assert refusal.value.reason == reason


def test_the_client_s_own_partner_id_is_accepted(nicepay: Nicepay) -> None:
    """The client of the token may send its own partner id."""
    replace(client_of(nicepay), partner_ids=("PARTNER",)).require_partner("PARTNER")


def _call(method: str = "POST", body: bytes | None = b"{}") -> Call:
    return Call(method, "/api/v1.0/cvs/payment", "token", TIMESTAMP, body)


def _refused(client: Client, call: Call, signature: str) -> str:
    with pytest.raises(SnapError) as refusal:
        client.require_call_signature(call, signature)
    assert refusal.value.message == "Unauthorized. X-SIGNATURE"
    return refusal.value.reason


def test_without_a_secret_calls_are_signed_with_the_private_key(nicepay: Nicepay, stranger: Nicepay) -> None:
    """NICO's calls are signed over client key and timestamp. Partner id and body do not count."""
    client = replace(client_of(nicepay), partner_ids=("PARTNER",))
    for call in (_call(), _call(body=b""), _call(body=None), _call("GET", None)):
        client.require_call_signature(call, nicepay.signature(TIMESTAMP))
        assert _refused(client, call, stranger.signature(TIMESTAMP)) == "signature.mismatch"
        assert _refused(client, call, nicepay.signature(TIMESTAMP, "PARTNER")) == "signature.mismatch"


def test_with_a_secret_calls_are_signed_with_the_secret(nicepay: Nicepay) -> None:
    """A client with a secret must sign its calls with it. A signature by its private key is refused."""
    client = replace(client_of(nicepay), client_secret=b"geheim")
    client.require_call_signature(_call(), sign(b"geheim", _call().string_to_sign(b"{}")))
    client.require_call_signature(_call("GET", None), sign(b"geheim", _call("GET").string_to_sign(b"")))
    assert _refused(client, _call(), nicepay.signature(TIMESTAMP)) == "signature.mismatch"
    assert _refused(client, _call(), sign(b"another", _call().string_to_sign(b"{}"))) == "signature.mismatch"


def test_a_former_secret_is_accepted_too(nicepay: Nicepay) -> None:
    """While a secret changes, the new one and the former one are accepted, and no other."""
    client = replace(client_of(nicepay), client_secret=b"new", former_secrets=(b"old",))
    for secret in (b"new", b"old"):
        client.require_call_signature(_call(), sign(secret, _call().string_to_sign(b"{}")))
    assert _refused(client, _call(), sign(b"older", _call().string_to_sign(b"{}"))) == "signature.mismatch"


@pytest.mark.parametrize(
    ("call", "signed", "reason"),
    [
        (_call(body=None), b"{}", "call.body_not_forwarded"),
        (_call(body=None), b"", "call.body_not_forwarded"),
        (_call(body=b""), b"{}", "call.body_not_forwarded"),
        (_call("GET", None), b"{}", "signature.mismatch"),
        (_call("POST", b"[]"), b"{}", "signature.mismatch"),
    ],
)
def test_the_reason_says_that_the_proxy_may_have_dropped_the_body(
    nicepay: Nicepay, call: Call, signed: bytes, reason: str
) -> None:
    """Where a proxy may have dropped the body, the reason says so, and the caller sees a wrong signature."""
    client = replace(client_of(nicepay), client_secret=b"geheim")
    assert _refused(client, call, sign(b"geheim", call.string_to_sign(signed))) == reason


def test_a_symmetric_call_without_a_body_may_be_genuine(nicepay: Nicepay) -> None:
    """A POST that was signed with an empty body is genuine, if the proxy forwards bodies."""
    client = replace(client_of(nicepay), client_secret=b"geheim")
    client.require_call_signature(_call(body=b""), sign(b"geheim", _call().string_to_sign(b"")))


def test_a_notification_key_verifies_notifications_alone(nicepay: Nicepay, stranger: Nicepay) -> None:
    """It verifies no token request and no call, and the client's other keys verify no notification."""
    client = replace(client_of(nicepay), notification_keys=(stranger.private_key.public_key(),))
    by_calls, by_notifications = (each.signature(TIMESTAMP) for each in (nicepay, stranger))
    assert client.require_notification_signature("IONPAYTEST", TIMESTAMP, by_notifications) == fingerprint(stranger)
    assert client.require_signature("IONPAYTEST", TIMESTAMP, by_calls) == fingerprint(nicepay)
    call = Call("POST", "/", "token", TIMESTAMP, b"")
    refusing: list[Callable[[], str]] = [
        lambda: client.require_notification_signature("IONPAYTEST", TIMESTAMP, by_calls),
        lambda: client.require_signature("IONPAYTEST", TIMESTAMP, by_notifications),
        lambda: client.require_call_signature(call, by_notifications),
    ]
    for refuse in refusing:
        with pytest.raises(SnapError) as refusal:
            refuse()
        assert refusal.value.reason == "signature.mismatch"


def test_a_body_is_signed_as_received_or_minified(nicepay: Nicepay, stranger: Nicepay) -> None:
    """Either text of the body is what the key may have signed, and no other text, key or client is."""
    client = client_of(nicepay)
    call = Call("POST", "/a?b", None, TIMESTAMP, b'{ "a": 1 }')
    for message in call.strings_to_sign():
        signature = nicepay.signature_of(message.decode())
        assert client.require_body_signature(call, signature) == fingerprint(nicepay)
        for wrong in (replace(call, uri="/a"), replace(call, method="PUT"), replace(call, body=b"{}")):
            with pytest.raises(SnapError) as refusal:
                client.require_body_signature(wrong, signature)
            assert refusal.value.message == "Unauthorized. X-PARTNER-ID or X-SIGNATURE"
    with pytest.raises(SnapError):
        client.require_body_signature(call, stranger.signature_of(message.decode()))
