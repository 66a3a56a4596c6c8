"""RSA keys in every form in which public keys arrive, and the sizes that are taken."""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from datetime import datetime
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509 import Certificate, load_der_x509_certificate, load_pem_x509_certificate

SMALLEST_BITS = 1024
ADVISED_BITS = 2048
LARGEST_BITS = 8192

_ARMOUR = "-----BEGIN "
_END = b"-----END "
_REQUEST = b"CERTIFICATE REQUEST-----"
_INLINE_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]{101,}")
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)


class KeyFormatError(ValueError):
    """A text that is no usable key. Its message says what the text is and what is wanted, and quotes none of it."""


def is_inline(text: str) -> bool:
    """Whether a setting is a key itself, not a path: it holds PEM armour, or is base64 of over 100 characters."""
    return _ARMOUR in text or _INLINE_BASE64.fullmatch(text) is not None


def load_public_key(text: str) -> RSAPublicKey:
    """An RSA public key of 1024 to 8192 bits.

    Taken are SubjectPublicKeyInfo, PKCS #1 and an X.509 certificate (for its key), each as PEM, as base64 of the
    DER, or as base64 of the PEM.

    Raises:
        KeyFormatError: none of these, several of them, a private key, not RSA, or a size that is not taken.
    """
    if not text.strip():
        message = "it is empty; NICEPAY's public key is wanted"
        raise KeyFormatError(message)
    key = _load(_unwrapped(text.strip()))
    if not isinstance(key, RSAPublicKey):
        message = "it is not an RSA key; SNAP signs with RSA"
        raise KeyFormatError(message)
    if not SMALLEST_BITS <= key.key_size <= LARGEST_BITS:
        message = f"it is an RSA key of {key.key_size} bits; {SMALLEST_BITS} to {LARGEST_BITS} are taken"
        raise KeyFormatError(message)
    return key


def load_private_key(pem: bytes) -> RSAPrivateKey:
    """The RSA private key of an unencrypted PEM, for whoever plays the client.

    Raises:
        KeyFormatError: not that.
    """
    try:
        key = load_pem_private_key(pem, password=None)
    except _UNREADABLE as error:
        public = b"PUBLIC KEY-----" in pem
        message = "it is a public key; the private one signs" if public else "it is no unencrypted private key in PEM"
        raise KeyFormatError(message) from error
    if not isinstance(key, RSAPrivateKey):
        message = "it is not an RSA key; SNAP signs with RSA"
        raise KeyFormatError(message)
    return key


def fingerprint(key: RSAPublicKey) -> str:
    """SHA-256 of the key's SubjectPublicKeyInfo in DER, as 64 lower-case hexadecimal digits."""
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def certificate_end(text: str) -> datetime | None:
    """The end of a certificate's validity (notAfter; RFC 5280, section 4.1.2.5), UTC; None if the text is none."""
    try:
        raw = _unwrapped(text.strip())
        return _certificate(raw, pem=_ARMOUR.encode() in raw).not_valid_after_utc
    except _UNREADABLE:
        return None


def _unwrapped(text: str) -> bytes:
    """PEM or DER: whatever base64 was wrapped around it is taken off."""
    if _ARMOUR in text:
        return text.encode()
    try:
        return b64decode("".join(text.split()), validate=True)
    except (Base64Error, ValueError) as error:
        message = "it is neither PEM nor base64; NICEPAY's public key is wanted"
        raise KeyFormatError(message) from error


def _load(raw: bytes) -> PublicKeyTypes:
    pem = _ARMOUR.encode() in raw
    if _is_private(raw, pem=pem):
        message = "it is a private key; the public key belongs here, and NICEPAY's private key never leaves NICEPAY"
        raise KeyFormatError(message)
    if raw.count(_ARMOUR.encode()) > 1:
        message = "it holds several keys or certificates, and the first alone would count; give each a file of its own"
        raise KeyFormatError(message)
    try:
        return load_pem_public_key(raw) if pem else load_der_public_key(raw)
    except _UNREADABLE:
        return _certified_key(raw, pem=pem)


def _is_private(raw: bytes, *, pem: bool) -> bool:
    if pem:
        return b"PRIVATE KEY-----" in raw
    try:
        load_der_private_key(raw, password=None)
    except _UNREADABLE:
        return False
    return True


def _certified_key(raw: bytes, *, pem: bool) -> PublicKeyTypes:
    try:
        return _certificate(raw, pem=pem).public_key()
    except _UNREADABLE as error:
        raise KeyFormatError(_unreadable(raw, pem=pem)) from error


def _certificate(raw: bytes, *, pem: bool) -> Certificate:
    return (load_pem_x509_certificate if pem else load_der_x509_certificate)(raw)


def _unreadable(raw: bytes, *, pem: bool) -> str:
    if _REQUEST in raw:
        return "it is a certificate request; the public key, or the certificate, is wanted"
    if pem and _END not in raw:
        return "the PEM is cut off: its END line is missing"
    return "it is no public key that can be read; is it complete?"
