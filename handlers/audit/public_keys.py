"""The public keys of an installation. They verify the checkpoints of its trail (Ed25519, RFC 8032)."""

from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from handlers.audit.chain import render
from handlers.audit.checkpoint import PEM_BEGIN, fingerprint, signed_text
from handlers.audit.reading import TrailLine

_NO_KEY = "it must contain an Ed25519 public key in PEM; snap-token audit keygen writes it into FILE.pub"
_SEVERAL = "it has several keys; put each into a file of its own, and repeat --public-key"

_MEMBERS = ("previous", "number", "time", "event", "lines", "hash", "key", "signature")
"""The members in their order. The signature covers all of them, directly or by the hash."""


def parse_public_key(pem: bytes) -> Ed25519PublicKey:
    """Load a public key from PEM.

    Raises:
        ValueError: The text has no Ed25519 public key, or several keys. The message repeats nothing of it.
    """
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(_NO_KEY) from error
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(_NO_KEY)  # noqa: TRY004  the caller reports ValueErrors
    if pem.count(PEM_BEGIN) > 1:  # The library reads the first one only.
        raise ValueError(_SEVERAL)
    return key


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """The keys whose signatures count, by fingerprint. If there is none, no signature is verified."""

    by_fingerprint: Mapping[str, Ed25519PublicKey]

    @classmethod
    def of(cls, keys: Iterable[Ed25519PublicKey]) -> Self:
        """These keys."""
        return cls({fingerprint(key): key for key in keys})

    def mistake(self, checkpoint: TrailLine) -> str:
        """What is wrong with a checkpoint that is in its place of the chain. Empty if it is right."""
        members, number = checkpoint.members or {}, checkpoint.number or 0
        if tuple(members) != _MEMBERS or render(members) != checkpoint.raw:
            return "is a checkpoint with other bytes than the server writes"
        if render({**members, "hash": checkpoint.previous, "lines": number - 1}) != checkpoint.raw:
            return "is a checkpoint of other lines"
        if not self.by_fingerprint:
            return ""
        if not (key := self.by_fingerprint.get(str(members["key"]))):
            return f"is signed with a key that was not given; its fingerprint is {members['key']}"
        text = signed_text(number, str(checkpoint.previous), str(members["time"]))
        return "" if _is_signed(key, str(members["signature"]), text) else "is a checkpoint with a wrong signature"


def _is_signed(key: Ed25519PublicKey, signature: str, text: bytes) -> bool:
    try:
        key.verify(b64decode(signature, validate=True), text)
    except (InvalidSignature, ValueError):
        return False
    return True
