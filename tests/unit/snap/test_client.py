"""Clients, and the client that stands for every unknown client."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from handlers.snap import verification_keys
from handlers.snap.call import Call, sign
from handlers.snap.client import Client
from handlers.snap.clients import Clients
from handlers.snap.codes import UNAUTHORIZED, SnapError
from handlers.snap.particulars import Particulars
from tests.nicepay import Nicepay, fingerprint, new_key

TIMESTAMP = "2026-01-22T12:00:00+07:00"


def _client(nicepay: Nicepay, key: str = "IONPAYTEST", seconds: int = 300) -> Client:
    return Client(key, (nicepay.private_key.public_key(),), timedelta(seconds=seconds))


def test_a_genuine_signature_is_accepted(nicepay: Nicepay) -> None:
    """A signature of the client's key is accepted over its own headers, and refused over other headers."""
    client = Clients([_client(nicepay)]).find("IONPAYTEST")
    client.require_signature("IONPAYTEST", TIMESTAMP, nicepay.signature(TIMESTAMP))
    with pytest.raises(SnapError) as refusal:
        client.require_signature("IONPAYTEST", TIMESTAMP.replace("12", "13"), nicepay.signature(TIMESTAMP))
    assert refusal.value.reason == "signature.mismatch"


def test_an_unknown_client_is_refused_like_a_wrong_signature(nicepay: Nicepay, stranger: Nicepay) -> None:
    """The caller sees no difference between an unknown client and a wrong signature. The log does."""
    clients = Clients([_client(nicepay)])
    refusals = []
    for client_key in ("IONPAYTEST", "NOBODY"):
        with pytest.raises(SnapError) as refusal:
            clients.find(client_key).require_signature(client_key, TIMESTAMP, stranger.signature(TIMESTAMP, client_key))
        refusals.append(refusal.value)
    known, unknown = refusals
    assert known.message == "Unauthorized. X-CLIENT-KEY or X-SIGNATURE"
    assert (known.code, known.message, known.headers) == (unknown.code, unknown.message, unknown.headers)
    assert [known.reason, unknown.reason] == ["signature.mismatch", "client.unknown"]


def test_refusing_takes_as_many_verifications_for_all(nicepay: Nicepay, stranger: Nicepay) -> None:
    """A refusal of any client, known or unknown, tries equally many keys of each size and exponent."""
    keys = [each.private_key.public_key() for each in (nicepay, stranger)]
    large = new_key(3072).public_key()
    third = generate_private_key(3, 2048).public_key()
    owned = {"ONE": keys[:1], "TWO": keys, "LARGE": [large], "THIRD": [third, keys[1]]}
    clients = Clients([Client(key, tuple(own), timedelta(seconds=300)) for key, own in owned.items()])
    for found in map(clients.find, [*owned, "NOBODY"]):
        held = (*found.public_keys, *found.padding)
        assert sorted((key.key_size, key.public_numbers().e) for key in held) == [
            (2048, 3),
            (2048, 65537),
            (2048, 65537),
            (3072, 65537),
        ]


def test_a_padding_key_verifies_no_client(nicepay: Nicepay, stranger: Nicepay) -> None:
    """A padding key verifies no client's signature, even for somebody who has its private key."""
    padded = replace(_client(nicepay), padding=(stranger.private_key.public_key(),))
    with pytest.raises(SnapError) as refusal:
        padded.require_signature("IONPAYTEST", TIMESTAMP, stranger.signature(TIMESTAMP))
    assert refusal.value.reason == "signature.mismatch"


def test_the_unknown_client_is_refused_even_with_a_key_that_verifies(nicepay: Nicepay) -> None:
    """An unknown client is refused, even if a dummy key should ever verify its signature."""
    clients = Clients([_client(nicepay)], lambda _key: nicepay.private_key.public_key())
    with pytest.raises(SnapError) as refusal:
        clients.find("NOBODY").require_signature("NOBODY", TIMESTAMP, nicepay.signature(TIMESTAMP, "NOBODY"))
    assert refusal.value.reason == "client.unknown"


def test_clients_are_found_by_their_keys(nicepay: Nicepay) -> None:
    """Clients know how many there are, and which."""
    clients = Clients([_client(nicepay), _client(nicepay, "OTHER")])
    assert len(clients) == 2
    assert ["OTHER" in clients, "NOBODY" in clients] == [True, False]


def test_the_widest_tolerance_is_the_widest(nicepay: Nicepay) -> None:
    """`widest_tolerance` is the largest clock tolerance of all clients."""
    clients = Clients([_client(nicepay), _client(nicepay, "OTHER", seconds=400)])
    assert clients.widest_tolerance == timedelta(seconds=400)


def test_a_suspended_client_is_refused_like_a_wrong_signature(nicepay: Nicepay) -> None:
    """The caller sees no difference between a suspended client and a wrong signature. The log does."""
    suspended = replace(_client(nicepay), suspended=True)
    refusals = []
    for signed in (TIMESTAMP, "another"):
        with pytest.raises(SnapError) as refusal:
            suspended.require_signature("IONPAYTEST", TIMESTAMP, nicepay.signature(signed))
        refusals.append(refusal.value)
    genuine, forged = refusals
    assert (genuine.code, genuine.message, genuine.headers) == (forged.code, forged.message, forged.headers)
    assert [genuine.reason, forged.reason] == ["client.suspended", "signature.mismatch"]


def test_the_state_can_suspend_but_not_resume(nicepay: Nicepay) -> None:
    """`suspended` suspends a client whatever the settings say, and changes nothing else."""
    clients = Clients([_client(nicepay), replace(_client(nicepay, "SETTINGS"), suspended=True)])
    for key, suspended, expected in (
        ("IONPAYTEST", False, False),
        ("IONPAYTEST", True, True),
        ("SETTINGS", False, True),
    ):
        found = clients.find(key, suspended=suspended)
        assert (found.key, found.suspended) == (key, expected)
        assert found == replace(clients.find(key), suspended=expected)
    assert clients.find("NOBODY", suspended=True) is clients.find("NOBODY")


def test_a_partner_id_is_the_client_key_unless_given(nicepay: Nicepay) -> None:
    """X-PARTNER-ID is the client key, unless the settings name another."""
    assert _client(nicepay).partner_id == "IONPAYTEST"
    assert replace(_client(nicepay), partner_id="PARTNER").partner_id == "PARTNER"


def test_a_printed_client_shows_no_secret(nicepay: Nicepay) -> None:
    """A printed client, for example in a traceback, does not show its secret."""
    assert "geheim" not in repr(replace(_client(nicepay), client_secret=b"geheim", former_secrets=(b"geheim too",)))


def test_a_found_client_has_all_its_values(nicepay: Nicepay) -> None:
    """A client that is found has the partner id, the secret and the suspension of the settings."""
    client = replace(_client(nicepay), partner_id="PARTNER", client_secret=b"geheim", suspended=True)
    found = Clients([client]).find("IONPAYTEST")
    assert (found.partner_id, found.client_secret, found.suspended) == ("PARTNER", b"geheim", True)


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
    client = replace(_client(nicepay), partner_id="PARTNER", known=known, suspended=suspended)
    with pytest.raises(SnapError) as refusal:
        client.require_partner(partner_id)
    assert (refusal.value.code, refusal.value.field) == (UNAUTHORIZED, "X-PARTNER-ID")
    assert refusal.value.reason == reason


def test_the_client_s_own_partner_id_is_accepted(nicepay: Nicepay) -> None:
    """The client of the token may send its own partner id."""
    replace(_client(nicepay), partner_id="PARTNER").require_partner("PARTNER")


def _call(method: str = "POST", body: bytes | None = b"{}") -> Call:
    return Call(method, "/api/v1.0/cvs/payment", "token", TIMESTAMP, body)


def _refused(client: Client, call: Call, signature: str) -> str:
    with pytest.raises(SnapError) as refusal:
        client.require_call_signature(call, signature)
    assert refusal.value.message == "Unauthorized. X-SIGNATURE"
    return refusal.value.reason


def test_without_a_secret_calls_are_signed_with_the_private_key(nicepay: Nicepay, stranger: Nicepay) -> None:
    """NICO's calls are signed over client key and timestamp. Partner id and body do not count."""
    client = replace(_client(nicepay), partner_id="PARTNER")
    for call in (_call(), _call(body=b""), _call(body=None), _call("GET", None)):
        client.require_call_signature(call, nicepay.signature(TIMESTAMP))
        assert _refused(client, call, stranger.signature(TIMESTAMP)) == "signature.mismatch"
        assert _refused(client, call, nicepay.signature(TIMESTAMP, "PARTNER")) == "signature.mismatch"


def test_with_a_secret_calls_are_signed_with_the_secret(nicepay: Nicepay) -> None:
    """A client with a secret must sign its calls with it. A signature by its private key is refused."""
    client = replace(_client(nicepay), client_secret=b"geheim")
    client.require_call_signature(_call(), sign(b"geheim", _call().string_to_sign(b"{}")))
    client.require_call_signature(_call("GET", None), sign(b"geheim", _call("GET").string_to_sign(b"")))
    assert _refused(client, _call(), nicepay.signature(TIMESTAMP)) == "signature.mismatch"
    assert _refused(client, _call(), sign(b"another", _call().string_to_sign(b"{}"))) == "signature.mismatch"


def test_a_former_secret_is_accepted_too(nicepay: Nicepay) -> None:
    """While a secret changes, the new one and the former one are accepted, and no other."""
    client = replace(_client(nicepay), client_secret=b"new", former_secrets=(b"old",))
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
    client = replace(_client(nicepay), client_secret=b"geheim")
    assert _refused(client, call, sign(b"geheim", call.string_to_sign(signed))) == reason


def test_a_symmetric_call_without_a_body_may_be_genuine(nicepay: Nicepay) -> None:
    """A POST that was signed with an empty body is genuine, if the proxy forwards bodies."""
    client = replace(_client(nicepay), client_secret=b"geheim")
    client.require_call_signature(_call(body=b""), sign(b"geheim", _call().string_to_sign(b"")))


NOTIFIED = "NOTIFIED"


def _notified(nicepay: Nicepay, notifier: Nicepay) -> Clients:
    """A client with a notification key, and one without."""
    own = (notifier.private_key.public_key(),)
    return Clients([replace(_client(nicepay, NOTIFIED), notification_keys=own), _client(nicepay)])


def test_a_notification_key_verifies_notifications_alone(nicepay: Nicepay, stranger: Nicepay) -> None:
    """It verifies no token request and no call, and the client's other keys verify no notification."""
    client = _notified(nicepay, stranger).find(NOTIFIED)
    by_calls, by_notifications = (each.signature(TIMESTAMP, NOTIFIED) for each in (nicepay, stranger))
    assert client.require_notification_signature(NOTIFIED, TIMESTAMP, by_notifications) == fingerprint(stranger)
    assert client.require_signature(NOTIFIED, TIMESTAMP, by_calls) == fingerprint(nicepay)
    call = Call("POST", "/", "token", TIMESTAMP, b"")
    refusing: list[Callable[[], str]] = [
        lambda: client.require_notification_signature(NOTIFIED, TIMESTAMP, by_calls),
        lambda: client.require_signature(NOTIFIED, TIMESTAMP, by_notifications),
        lambda: client.require_call_signature(call, by_notifications),
    ]
    for refuse in refusing:
        with pytest.raises(SnapError) as refusal:
            refuse()
        assert refusal.value.reason == "signature.mismatch"


def test_refusing_a_notification_takes_as_many_verifications_for_all(nicepay: Nicepay, stranger: Nicepay) -> None:
    """A client without notification keys and an unknown client have dummy keys in their place."""
    clients = _notified(nicepay, stranger)
    for found in map(clients.find, (NOTIFIED, "IONPAYTEST", "NOBODY")):
        assert len((*found.notification_keys, *found.notification_padding)) == 1
        assert len((*found.public_keys, *found.padding)) == 1
        with pytest.raises(SnapError) as refusal:
            found.require_notification_signature(found.key, TIMESTAMP, nicepay.signature(TIMESTAMP))
        assert refusal.value.message == "Unauthorized. X-CLIENT-KEY or X-SIGNATURE"


def test_the_dummy_keys_are_verified_with(nicepay: Nicepay, stranger: Nicepay, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each refusal, of whichever client, makes the same number of verifications over the same messages."""
    verified: list[tuple[int, bytes]] = []

    def verify_each(keys: Sequence[object], message: bytes, _signature: str) -> list[bool]:
        verified.append((len(keys), message))
        return [False] * len(keys)

    monkeypatch.setattr(verification_keys, "verify_each", verify_each)
    clients = _notified(nicepay, stranger)
    call = Call("POST", "/", None, TIMESTAMP, b"{ }")
    refusing: list[Callable[[Client], str]] = [
        lambda client: client.require_notification_signature("A", TIMESTAMP, "AAAA"),
        lambda client: client.require_body_signature(call, "AAAA"),
    ]
    for refuse in refusing:
        work = []
        for found in map(clients.find, (NOTIFIED, "IONPAYTEST", "NOBODY")):
            verified.clear()
            with pytest.raises(SnapError):
                refuse(found)
            messages = dict.fromkeys(message for _, message in verified)
            work.append({message: sum(keys for keys, other in verified if other == message) for message in messages})
        assert work[0] == work[1] == work[2]
        assert set(work[0].values()) == {1}


def test_the_dummy_secrets_are_signed_with(nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusing a body-signed call computes as many signatures with secrets and keys for every client.

    It does not matter how many secrets sign calls without Authorization, or whether the client exists.
    """
    signed: list[tuple[int, int]] = []
    verified: list[int] = []

    def signs_one_of(secret: bytes, messages: list[bytes], _signature: str) -> bool:
        signed.append((len(secret), len(messages)))
        return False

    def verify_each(keys: Sequence[object], _message: bytes, _signature: str) -> list[bool]:
        verified.append(len(keys))
        return [False] * len(keys)

    monkeypatch.setattr("handlers.snap.client.signs_one_of", signs_one_of)
    monkeypatch.setattr(verification_keys, "verify_each", verify_each)
    empty = Particulars(empty_token_slot=True)
    one = b"a secret of 24 letters!!"
    clients = Clients(
        [
            _client(nicepay),
            replace(_client(nicepay, "SYMMETRIC"), client_secret=one),
            replace(_client(nicepay, "ONE"), client_secret=one, particulars=empty),
            replace(_client(nicepay, "TWO"), client_secret=one, former_secrets=(one,), particulars=empty),
        ]
    )
    work = []
    for found in map(clients.find, ("IONPAYTEST", "SYMMETRIC", "ONE", "TWO", "NOBODY")):
        signed.clear()
        verified.clear()
        with pytest.raises(SnapError):
            found.require_body_signature(Call("POST", "/", None, TIMESTAMP, b"{ }"), "AAAA")
        work.append((list(signed), sum(verified)))
    assert work == [([(24, 2), (24, 2)], 2)] * 5


def test_a_body_is_signed_as_received_or_minified(nicepay: Nicepay, stranger: Nicepay) -> None:
    """Either text of the body is what the key may have signed, and no other text, key or client is."""
    client = Clients([_client(nicepay)]).find("IONPAYTEST")
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


def test_a_partner_is_found_by_its_id(nicepay: Nicepay) -> None:
    """X-PARTNER-ID leads to the client key, and an unknown one to none."""
    clients = Clients([replace(_client(nicepay), partner_id="PARTNER"), _client(nicepay, "OTHER")])
    named = [clients.key_of_partner(each) for each in ("PARTNER", "OTHER", "IONPAYTEST", "")]
    assert named == ["IONPAYTEST", "OTHER", "", ""]
