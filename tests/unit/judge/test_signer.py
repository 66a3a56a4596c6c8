"""The signatures and requests of the judge."""

from base64 import b64decode
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from handlers.judge.signer import Signer
from tests.merchant import NOON, Clock
from tests.nicepay import Nicepay, jakarta, new_key


@pytest.fixture
def signer(nicepay: Nicepay, stranger: Nicepay) -> Signer:
    return Signer(nicepay.client_key, nicepay.private_key, stranger.private_key, Clock())


def _verify(by: Nicepay, signature: str, text: str, algorithm: HashAlgorithm | None = None) -> None:
    raw = b64decode(signature, validate=True)
    by.private_key.public_key().verify(raw, text.encode(), PKCS1v15(), algorithm or SHA256())


def test_a_genuine_request_is_nicepays(signer: Signer, nicepay: Nicepay) -> None:
    """The genuine request is the one that NICEPAY would send at this time."""
    assert dict(signer.valid_request().headers) == nicepay.headers(jakarta(NOON))


def test_each_genuine_request_has_its_own_second(signer: Signer) -> None:
    """Each genuine request has its own second, the latest one first, so that no request is a repeat."""
    seconds = [signer.unused_second() for _ in range(3)]
    latest = NOON.replace(microsecond=0)
    assert seconds == [latest - timedelta(seconds=each) for each in range(3)]


def test_the_unknown_key_signs_the_same_text(signer: Signer, nicepay: Nicepay, stranger: Nicepay) -> None:
    """A signature of the unknown key verifies with that key, and not with the client's key."""
    text = f"{nicepay.client_key}|then"
    _verify(stranger, signer.sign_with_unknown_key("then"), text)
    with pytest.raises(InvalidSignature):
        _verify(nicepay, signer.sign_with_unknown_key("then"), text)


def test_a_signature_with_another_hash_is_the_clients(signer: Signer, nicepay: Nicepay) -> None:
    """A signature with another hash function verifies with the client's key."""
    _verify(nicepay, signer.sign_with_hash(SHA1(), "then"), f"{nicepay.client_key}|then", SHA1())  # noqa: S303  the judge's


def test_a_badly_padded_signature_has_the_right_size(signer: Signer) -> None:
    """The signature has the right length and is below the modulus, so only its padding is wrong."""
    raw = b64decode(signer.badly_padded_signature)
    assert (len(raw), raw[0]) == (256, 0)


def test_the_unknown_key_has_the_size_of_the_clients() -> None:
    """`create` makes a new unknown key with the size of the client's key."""
    own = new_key(1024)
    signer = Signer.create("A", own, Clock())
    assert signer.unknown_key.key_size == 1024
    assert signer.unknown_key.public_key() != own.public_key()


def test_repr_shows_no_key(signer: Signer) -> None:
    """`repr` of a signer shows neither key."""
    assert "key=" not in repr(signer).replace("client_key=", "")
