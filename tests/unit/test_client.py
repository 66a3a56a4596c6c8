"""Clients and the stand-in for unknown ones."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from handlers.snap.client import Client, Clients
from handlers.snap.codes import SnapError
from tests.nicepay import Nicepay, new_key

TIMESTAMP = "2026-01-22T12:00:00+07:00"
ASKED: list[int] = []


def _dummy_key(bits: int) -> RSAPublicKey:
    ASKED.append(bits)
    return new_key(bits).public_key()


def _client(nicepay: Nicepay, key: str = "IONPAYTEST", seconds: int = 300) -> Client:
    return Client(key, (nicepay.private_key.public_key(),), timedelta(seconds=seconds))


def test_a_genuine_signature_is_taken(nicepay: Nicepay) -> None:
    """The signature of the client's key over its own headers is taken, and over other headers is not."""
    client = Clients([_client(nicepay)], _dummy_key).find("IONPAYTEST")
    client.require_signature("IONPAYTEST", TIMESTAMP, nicepay.signature(TIMESTAMP))
    with pytest.raises(SnapError) as refusal:
        client.require_signature("IONPAYTEST", TIMESTAMP.replace("12", "13"), nicepay.signature(TIMESTAMP))
    assert refusal.value.reason == "signature.mismatch"


def test_an_unknown_client_is_refused_like_a_wrong_signature(nicepay: Nicepay, stranger: Nicepay) -> None:
    """What the caller sees of an unknown client and of a wrong signature is the same; the reasons differ."""
    clients = Clients([_client(nicepay)], _dummy_key)
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
    """A client with one key, one with two and an unknown one are held against two keys each before they are refused."""
    keys = tuple(each.private_key.public_key() for each in (nicepay, stranger))
    two = Client("TWO", keys, timedelta(seconds=300))
    clients = Clients([_client(nicepay, "ONE"), two], _dummy_key)
    found = [clients.find(key) for key in ("ONE", "TWO", "NOBODY")]
    assert [(len(each.public_keys), len(each.padding)) for each in found] == [(1, 1), (2, 0), (0, 2)]


def test_a_padding_key_opens_nothing(nicepay: Nicepay, stranger: Nicepay) -> None:
    """A key that only makes work verifies no client's signature, whoever holds it."""
    padded = replace(_client(nicepay), padding=(stranger.private_key.public_key(),))
    with pytest.raises(SnapError) as refusal:
        padded.require_signature("IONPAYTEST", TIMESTAMP, stranger.signature(TIMESTAMP))
    assert refusal.value.reason == "signature.mismatch"


def test_a_stand_in_is_refused_even_with_a_key_that_verifies(nicepay: Nicepay) -> None:
    """Should the stand-in's key ever verify a signature, an unknown client is refused all the same."""
    clients = Clients([_client(nicepay)], lambda _bits: nicepay.private_key.public_key())
    with pytest.raises(SnapError) as refusal:
        clients.find("NOBODY").require_signature("NOBODY", TIMESTAMP, nicepay.signature(TIMESTAMP, "NOBODY"))
    assert refusal.value.reason == "client.unknown"


def test_the_stand_in_has_a_key_of_the_commonest_size(nicepay: Nicepay) -> None:
    """Refusing an unknown client takes a verification like that of most clients."""
    small = Nicepay("SMALL", new_key(1024))
    ASKED.clear()
    Clients([_client(small, "SMALL"), _client(nicepay), _client(nicepay, "OTHER")], _dummy_key)
    assert ASKED == [2048]


def test_clients_are_known_by_their_keys(nicepay: Nicepay) -> None:
    """The registry knows how many clients there are, and which."""
    clients = Clients([_client(nicepay), _client(nicepay, "OTHER")], _dummy_key)
    assert len(clients) == 2
    assert ["OTHER" in clients, "NOBODY" in clients] == [True, False]


def test_the_widest_tolerance_is_the_widest(nicepay: Nicepay) -> None:
    """The window that everybody meets first is as wide as the widest client's."""
    clients = Clients([_client(nicepay), _client(nicepay, "OTHER", seconds=400)], _dummy_key)
    assert clients.widest_tolerance == timedelta(seconds=400)
