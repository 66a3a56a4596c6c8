"""Signed checkpoints."""

from base64 import b64decode
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from handlers.audit.chain import LastLine
from handlers.audit.checkpoint import CheckpointKey, fingerprint

NOON = datetime(2026, 11, 29, 5, tzinfo=UTC)
PRIVATE = Ed25519PrivateKey.generate()
PUBLIC = PRIVATE.public_key()


def _pem(encryption: KeySerializationEncryption) -> bytes:
    return PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def test_a_checkpoint_signs_its_number_its_time_and_the_line_before() -> None:
    """Anybody with the public key can check a checkpoint, from its own members alone."""
    last = LastLine(41, "ab" * 32, "token.issued", "2026-11-29T04:59:59.000000Z")
    fields = CheckpointKey.of(PRIVATE).checkpoint(last, NOON).fields
    assert (fields["lines"], fields["hash"], fields["key"]) == (41, last.hash, fingerprint(PUBLIC))
    signature = b64decode(str(fields["signature"]))
    text = b"snap-token audit checkpoint\n42\n" + last.hash.encode() + b"\n2026-11-29T05:00:00.000000Z"
    PUBLIC.verify(signature, text)
    with pytest.raises(InvalidSignature):
        PUBLIC.verify(signature, text.replace(b"42", b"43"))


def test_a_key_is_read_from_pkcs8_and_compared_by_its_fingerprint() -> None:
    """A key that is read twice is the same key, and its text shows nothing private."""
    key = CheckpointKey.parse(_pem(NoEncryption()))
    assert key == CheckpointKey.of(PRIVATE)
    assert key != CheckpointKey.of(Ed25519PrivateKey.generate())
    assert repr(key) == f"CheckpointKey(fingerprint='{fingerprint(PUBLIC)}')"


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        _pem(BestAvailableEncryption(b"secret")),
        generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ],
    ids=["empty", "damaged", "encrypted", "RSA"],
)
def test_any_other_key_is_refused(pem: bytes) -> None:
    """A file with no key, a damaged one, an encrypted one or one of another kind is refused with the same message."""
    with pytest.raises(ValueError, match="must contain an Ed25519 private key in PEM"):
        CheckpointKey.parse(pem)


def test_a_file_of_several_keys_is_refused() -> None:
    """Nobody could tell which of them signs."""
    with pytest.raises(ValueError, match="it has several keys, and only one can sign"):
        CheckpointKey.parse(2 * _pem(NoEncryption()))
