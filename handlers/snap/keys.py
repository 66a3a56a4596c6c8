"""RSA keys: every format in which public keys arrive, and the accepted sizes."""

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

_BEGIN = "-----BEGIN "
_END = b"-----END "
_REQUEST = b"CERTIFICATE REQUEST-----"
_INLINE_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]{101,}")
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)


class KeyFormatError(ValueError):
    """A text is not a usable key. The message says what the text is and what to do. It quotes nothing of the text."""


def is_inline(text: str) -> bool:
    """Whether a setting is the key itself, not a path: it contains PEM, or is base64 of more than 100 characters."""
    return _BEGIN in text or _INLINE_BASE64.fullmatch(text) is not None


def load_public_key(text: str) -> RSAPublicKey:
    """Load an RSA public key of 1024 to 8192 bits.

    Accepted formats are SubjectPublicKeyInfo, PKCS #1, and an X.509 certificate (its key counts). Each may be PEM,
    base64 of the DER, or base64 of the PEM.

    Raises:
        KeyFormatError: The text has another format, contains several keys or a private key, or its key is not RSA or
            has another size.
    """
    if not text.strip():
        message = "it is empty; put NICEPAY's public key here"
        raise KeyFormatError(message)
    key = _load(_decoded(text.strip()))
    if not isinstance(key, RSAPublicKey):
        message = "it is not an RSA key; SNAP signs with RSA"
        raise KeyFormatError(message)
    if not SMALLEST_BITS <= key.key_size <= LARGEST_BITS:
        message = f"it is an RSA key of {key.key_size} bits; use {SMALLEST_BITS} to {LARGEST_BITS} bits"
        raise KeyFormatError(message)
    return key


def load_private_key(pem: bytes) -> RSAPrivateKey:
    """Load an RSA private key from unencrypted PEM. Only a program that plays the client needs it.

    Raises:
        KeyFormatError: The text is anything else.
    """
    try:
        key = load_pem_private_key(pem, password=None)
    except _UNREADABLE as error:
        public = b"PUBLIC KEY-----" in pem
        message = (
            "it is a public key; give the private key" if public else "it is not an unencrypted private key in PEM"
        )
        raise KeyFormatError(message) from error
    if not isinstance(key, RSAPrivateKey):
        message = "it is not an RSA key; SNAP signs with RSA"
        raise KeyFormatError(message)
    return key


def fingerprint(key: RSAPublicKey) -> str:
    """Return the SHA-256 of the key's SubjectPublicKeyInfo in DER: 64 lower-case hexadecimal digits."""
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def certificate_end(text: str) -> datetime | None:
    """Return the end of a certificate's validity in UTC (notAfter; RFC 5280, section 4.1.2.5).

    Returns None if the text is not a certificate.
    """
    try:
        raw = _decoded(text.strip())
        return _certificate(raw, pem=_BEGIN.encode() in raw).not_valid_after_utc
    except _UNREADABLE:
        return None


def _decoded(text: str) -> bytes:
    """Return the PEM or the DER. If base64 encodes it, it is decoded."""
    if _BEGIN in text:
        return text.encode()
    try:
        return b64decode("".join(text.split()), validate=True)
    except (Base64Error, ValueError) as error:
        message = "it is neither PEM nor base64; put NICEPAY's public key here"
        raise KeyFormatError(message) from error


def _load(raw: bytes) -> PublicKeyTypes:
    pem = _BEGIN.encode() in raw
    if _is_private(raw, pem=pem):
        message = "it is a private key; the public key belongs here, and NICEPAY's private key never leaves NICEPAY"
        raise KeyFormatError(message)
    if raw.count(_BEGIN.encode()) > 1:
        message = "it contains several keys or certificates; put each of them in its own file"
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
        raise KeyFormatError(_describe_unreadable(raw, pem=pem)) from error


def _certificate(raw: bytes, *, pem: bool) -> Certificate:
    return (load_pem_x509_certificate if pem else load_der_x509_certificate)(raw)


def _describe_unreadable(raw: bytes, *, pem: bool) -> str:
    if _REQUEST in raw:
        return "it is a certificate request; put the public key or the certificate here"
    if pem and _END not in raw:
        return "the PEM is incomplete: its END line is missing"
    return "it is not a readable public key; check that it is complete"
