"""The client that the judge plays."""

from base64 import b64decode
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from handlers.judge.player import Player
from tests.merchant import NOON, Clock
from tests.nicepay import Nicepay, jakarta, new_key


@pytest.fixture
def player(nicepay: Nicepay, stranger: Nicepay) -> Player:
    return Player(nicepay.client_key, nicepay.private_key, stranger.private_key, Clock())


def _verify(by: Nicepay, signature: str, text: str, algorithm: HashAlgorithm | None = None) -> None:
    raw = b64decode(signature, validate=True)
    by.private_key.public_key().verify(raw, text.encode(), PKCS1v15(), algorithm or SHA256())


def test_a_genuine_request_is_nicepays(player: Player, nicepay: Nicepay) -> None:
    """The plain request is the one that NICEPAY would send at this time."""
    assert dict(player.genuine().headers) == nicepay.headers(jakarta(NOON))


def test_no_two_genuine_requests_are_alike(player: Player) -> None:
    """Each is of a second of its own, the latest first, so that none is taken for a repeat."""
    seconds = [player.moment() for _ in range(3)]
    latest = NOON.replace(microsecond=0)
    assert seconds == [latest - timedelta(seconds=each) for each in range(3)]


def test_the_stranger_signs_the_same_text_with_another_key(player: Player, nicepay: Nicepay, stranger: Nicepay) -> None:
    """A forged signature verifies with the stranger's key and not with the client's."""
    text = f"{nicepay.client_key}|then"
    _verify(stranger, player.forged("then"), text)
    with pytest.raises(InvalidSignature):
        _verify(nicepay, player.forged("then"), text)


def test_other_hashes_are_the_clients_too(player: Player, nicepay: Nicepay) -> None:
    """The signature over another hash is the client's own."""
    _verify(nicepay, player.hashed_with(SHA1(), "then"), f"{nicepay.client_key}|then", SHA1())  # noqa: S303  the judge's


def test_a_badly_padded_signature_is_of_the_right_size(player: Player) -> None:
    """It is as long as any signature and a number below the modulus, so that only its padding is wrong."""
    raw = b64decode(player.badly_padded)
    assert (len(raw), raw[0]) == (256, 0)


def test_the_strangers_key_is_as_large_as_the_clients() -> None:
    """A key made for a judgement is of the client's size, and a new one."""
    own = new_key(1024)
    player = Player.of("A", own, Clock())
    assert player.stranger.key_size == 1024
    assert player.stranger.public_key() != own.public_key()


def test_the_keys_are_not_shown(player: Player) -> None:
    """What is printed of a player by mistake tells no key."""
    assert "key=" not in repr(player).replace("client_key=", "")
