"""The asymmetric signature: SHA256withRSA over `client key|X-TIMESTAMP`, in standard base64."""

from base64 import b64decode, b64encode
from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

_PADDING = PKCS1v15()
_HASH = SHA256()


def string_to_sign(client_key: str, timestamp: str) -> bytes:
    """Return the string to sign: both header values as the client sent them (ASPI, asymmetric signature)."""
    return f"{client_key}|{timestamp}".encode()


def sign(private_key: RSAPrivateKey, message: bytes) -> str:
    """Sign as the client does: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2), in base64 (RFC 4648, 4)."""
    return b64encode(private_key.sign(message, _PADDING, _HASH)).decode()


def verify_each(public_keys: Iterable[RSAPublicKey], message: bytes, signature: str) -> list[bool]:
    """Return for each key whether it verifies the base64 signature over the message.

    Every key is tried, so the time does not reveal which key matched.

    Raises:
        ValueError: The signature is not base64.
    """
    raw = b64decode(signature, validate=True)
    return [_verifies(key, message, raw) for key in public_keys]


def _verifies(key: RSAPublicKey, message: bytes, raw: bytes) -> bool:
    # OpenSSL stops at once if the number is not below the modulus (RFC 8017, section 5.2.2). The time would reveal
    # which modulus it is. So another number is verified then, and its result is ignored.
    is_below = int.from_bytes(raw) < key.public_numbers().n
    try:
        key.verify(raw if is_below else b"\0" + raw[1:], message, _PADDING, _HASH)
    except InvalidSignature:
        return False
    return is_below
