"""Bytes that may be an RSA key or a certificate in DER, and what they are if they are not."""

from contextlib import suppress

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key
from cryptography.x509 import load_der_x509_certificate

from handlers.snap import key_kinds as kinds
from handlers.snap.key_format_error import Form, KeyFormatError
from handlers.snap.key_recognition import SEQUENCE, UNREADABLE, kind_of_bytes

_LONG_FORM = 0x80


def public_key_in(raw: bytes) -> PublicKeyTypes | None:
    """Return the public key, or the key of the certificate. None if the bytes are neither."""
    with suppress(*UNREADABLE):
        return load_der_public_key(raw)
    with suppress(*UNREADABLE):
        return load_der_x509_certificate(raw).public_key()
    return None


def is_private_key(raw: bytes) -> bool:
    """Whether the bytes are a private key. It may be encrypted."""
    try:
        load_der_private_key(raw, password=None)
    except TypeError:  # It is encrypted.
        return True
    except UNREADABLE:
        return False
    return True


def name_of_algorithm(key: PublicKeyTypes | PrivateKeyTypes) -> str:
    """Return the short name of the algorithm of a key, such as `EC` or `Ed25519`."""
    return type(key).__name__.removesuffix("PublicKey").removesuffix("PrivateKey")


def unreadable(raw: bytes, form: Form) -> KeyFormatError:
    """Return the error for bytes that are no key: another kind of file, or DER that is damaged."""
    kind = kind_of_bytes(raw)
    if kind is not kinds.OTHER_BINARY or not raw.startswith(SEQUENCE):
        return KeyFormatError(kind, form)
    missing = _declared_length(raw) - len(raw)
    if missing > 0:
        return KeyFormatError(f"it is cut off: {missing} of {len(raw) + missing} bytes are missing; copy the whole key")
    if missing < 0:
        return KeyFormatError(f"{-missing} bytes follow the end of the key; copy only the key")
    return KeyFormatError(kinds.OTHER_DER)


def _declared_length(raw: bytes) -> int:
    """The length of DER in bytes, as its first bytes declare it (X.690, section 8.1.3)."""
    first = int.from_bytes(raw[1:2], "big")
    size = first % _LONG_FORM if first > _LONG_FORM else 0
    return 2 + size + (int.from_bytes(raw[2 : 2 + size], "big") if size else first)
