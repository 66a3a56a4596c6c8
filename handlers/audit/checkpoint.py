"""Checkpoints: lines of the trail that are signed with the installation's Ed25519 key (RFC 8032).

A checkpoint fixes all lines before it, because it signs the hash of the line before, which depends on all of them.
"""

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from handlers.audit.chain import LastLine
from handlers.audit.record import CHECKPOINT, Record, render_time

PEM_BEGIN = b"-----BEGIN "
"""The begin of each key in a text (RFC 7468, section 3)."""

_DOMAIN = "snap-token audit checkpoint"
_NO_KEY = "it must contain an Ed25519 private key in PEM (PKCS #8) that is not encrypted"
_SEVERAL = "it has several keys, and only one can sign"


def fingerprint(key: Ed25519PublicKey) -> str:
    """The SHA-256 of the key's SubjectPublicKeyInfo in DER: 64 lower-case hexadecimal digits."""
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def signed_text(number: int, previous_hash: str, time: str) -> bytes:
    """What a checkpoint signs: its own number and time, and the hash of the line before."""
    return f"{_DOMAIN}\n{number}\n{previous_hash}\n{time}".encode()


@dataclass(frozen=True, slots=True)
class CheckpointKey:
    """The private key that signs checkpoints. Two are equal if their fingerprints are."""

    fingerprint: str
    _private: Ed25519PrivateKey = field(repr=False, compare=False)

    @classmethod
    def of(cls, private: Ed25519PrivateKey) -> Self:
        """The key, with the fingerprint of its public key."""
        return cls(fingerprint(private.public_key()), private)

    @classmethod
    def parse(cls, pem: bytes) -> Self:
        """Load the key from PEM.

        Raises:
            ValueError: The text has no Ed25519 private key, an encrypted one, or several keys. The message repeats
                nothing of it.
        """
        try:
            key = load_pem_private_key(pem, None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ValueError(_NO_KEY) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(_NO_KEY)  # noqa: TRY004  the caller reports ValueErrors
        if pem.count(PEM_BEGIN) > 1:  # The library reads the first one only.
            raise ValueError(_SEVERAL)
        return cls.of(key)

    @property
    def public_key(self) -> Ed25519PublicKey:
        """The key that verifies its checkpoints."""
        return self._private.public_key()

    def checkpoint(self, last: LastLine, now: datetime) -> Record:
        """The checkpoint that follows the line `last`.

        `lines` is the number of lines before it, in the whole trail.
        """
        signature = self._private.sign(signed_text(last.number + 1, last.hash, render_time(now)))
        fields = {
            "lines": last.number,
            "hash": last.hash,
            "key": self.fingerprint,
            "signature": b64encode(signature).decode(),
        }
        return Record(CHECKPOINT, now, fields)
