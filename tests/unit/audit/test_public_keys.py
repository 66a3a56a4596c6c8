"""The public keys that verify checkpoints."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from handlers.audit.public_keys import parse_public_key
from tests.nicepay import Nicepay
from tests.trails import PRIVATE_KEY, PUBLIC_PEM


def test_a_public_key_is_read_from_pem() -> None:
    """The file that `audit keygen` writes holds the public key."""
    assert parse_public_key(PUBLIC_PEM) == PRIVATE_KEY.public_key()


ED448 = Ed448PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
PRIVATE = PRIVATE_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("pem", [b"", b"\xff", PUBLIC_PEM[:60], PRIVATE, ED448])
def test_other_files_are_refused(pem: bytes) -> None:
    """A private key, a key of another kind and a damaged key are refused, and nothing of them is repeated."""
    with pytest.raises(ValueError, match="it must contain an Ed25519 public key in PEM; snap-token audit keygen"):
        parse_public_key(pem)


def test_a_key_of_nicepay_is_refused(nicepay: Nicepay) -> None:
    """The public key of a client is no key of the trail."""
    with pytest.raises(ValueError, match="it must contain an Ed25519 public key"):
        parse_public_key(nicepay.public_pem.encode())


@pytest.mark.parametrize("second", [PUBLIC_PEM, PRIVATE])
def test_a_file_of_several_keys_is_refused(second: bytes) -> None:
    """Only the first key would count, and checkpoints of the second one would look forged."""
    with pytest.raises(ValueError, match="it has several keys; put each into a file of its own, and repeat --public-k"):
        parse_public_key(PUBLIC_PEM + second)
