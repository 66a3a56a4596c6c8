"""All clients, and the client that stands for every unknown client."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from handlers.snap import verification_keys
from handlers.snap.call import Call
from handlers.snap.client import Client
from handlers.snap.clients import Clients
from handlers.snap.codes import SnapError
from handlers.snap.particulars import Particulars
from tests.calls import client_of
from tests.nicepay import Nicepay, new_key

TIMESTAMP = "2026-01-22T12:00:00+07:00"
NOTIFIED = "NOTIFIED"


def _notified(nicepay: Nicepay, notifier: Nicepay) -> Clients:
    """A client with a notification key, and one without."""
    own = (notifier.private_key.public_key(),)
    return Clients([replace(client_of(nicepay, NOTIFIED), notification_keys=own), client_of(nicepay)])


def test_an_unknown_client_is_refused_like_a_wrong_signature(nicepay: Nicepay, stranger: Nicepay) -> None:
    """The caller sees no difference between an unknown client and a wrong signature. The log does."""
    clients = Clients([client_of(nicepay)])
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


def test_the_unknown_client_is_refused_even_with_a_key_that_verifies(nicepay: Nicepay) -> None:
    """An unknown client is refused, even if a dummy key should ever verify its signature."""
    clients = Clients([client_of(nicepay)], lambda _key: nicepay.private_key.public_key())
    with pytest.raises(SnapError) as refusal:
        clients.find("NOBODY").require_signature("NOBODY", TIMESTAMP, nicepay.signature(TIMESTAMP, "NOBODY"))
    assert refusal.value.reason == "client.unknown"


def test_clients_are_found_by_their_keys(nicepay: Nicepay) -> None:
    """Clients know how many there are, and which."""
    clients = Clients([client_of(nicepay), client_of(nicepay, "OTHER")])
    assert len(clients) == 2
    assert ["OTHER" in clients, "NOBODY" in clients] == [True, False]


def test_the_widest_tolerance_is_the_widest(nicepay: Nicepay) -> None:
    """`widest_tolerance` is the largest clock tolerance of all clients."""
    clients = Clients([client_of(nicepay), client_of(nicepay, "OTHER", seconds=400)])
    assert clients.widest_tolerance == timedelta(seconds=400)


def test_the_state_can_suspend_but_not_resume(nicepay: Nicepay) -> None:
    """`suspended` suspends a client whatever the settings say, and changes nothing else."""
    clients = Clients([client_of(nicepay), replace(client_of(nicepay, "SETTINGS"), suspended=True)])
    for key, suspended, expected in (
        ("IONPAYTEST", False, False),
        ("IONPAYTEST", True, True),
        ("SETTINGS", False, True),
    ):
        found = clients.find(key, suspended=suspended)
        assert (found.key, found.suspended) == (key, expected)
        assert found == replace(clients.find(key), suspended=expected)
    assert clients.find("NOBODY", suspended=True) is clients.find("NOBODY")


def test_a_found_client_has_all_its_values(nicepay: Nicepay) -> None:
    """A client that is found has the partner id, the secret and the suspension of the settings."""
    client = replace(client_of(nicepay), partner_ids=("PARTNER",), client_secret=b"geheim", suspended=True)
    found = Clients([client]).find("IONPAYTEST")
    assert (found.partner_ids, found.client_secret, found.suspended) == (("PARTNER",), b"geheim", True)


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
    """Each refusal, for any client, makes the same number of verifications over the same messages."""
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
            client_of(nicepay),
            replace(client_of(nicepay, "SYMMETRIC"), client_secret=one),
            replace(client_of(nicepay, "ONE"), client_secret=one, particulars=empty),
            replace(client_of(nicepay, "TWO"), client_secret=one, former_secrets=(one,), particulars=empty),
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


def test_a_partner_is_found_by_its_id(nicepay: Nicepay) -> None:
    """X-PARTNER-ID leads to the client key, and an unknown one to none."""
    clients = Clients([replace(client_of(nicepay), partner_ids=("PARTNER",)), client_of(nicepay, "OTHER")])
    named = [clients.key_of_partner(each) for each in ("PARTNER", "OTHER", "IONPAYTEST", "")]
    assert named == ["IONPAYTEST", "OTHER", "", ""]
