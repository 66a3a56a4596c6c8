"""RSA public keys in every form in which they arrive, and the accepted sizes."""

import re
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from typing import cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_public_key
from cryptography.x509 import load_der_x509_certificate

from handlers.snap import key_kinds as kinds
from handlers.snap.key_bytes import is_private_key, name_of_algorithm, public_key_in, unreadable
from handlers.snap.key_content import BEGIN, OPENSSH_LINE, SEVERAL, Content, Der, PemBlock, key_content
from handlers.snap.key_format_error import PEM, Form, KeyFormatError
from handlers.snap.key_recognition import UNREADABLE, kind_of_file_text
from handlers.snap.rsa_numbers import rsa_numbers

SMALLEST_BITS = 1024
ADVISED_BITS = 2048
LARGEST_BITS = 8192

_INLINE_BASE64 = re.compile(r"(?:[A-Za-z0-9+/=\s]|\\[rn]){101,}")
_INLINE_OTHER = re.compile(r"\s*([{<]|ssh-rsa AAAA)")


def is_inline(text: str) -> bool:
    """Whether a setting is the key itself, not a path.

    It contains PEM, begins like a JWK, RSAKeyValue or an OpenSSH key, or is base64 of more than 100 characters.
    """
    return BEGIN in text or bool(_INLINE_BASE64.fullmatch(text) or _INLINE_OTHER.match(text))


def load_public_key(content: str | bytes) -> RSAPublicKey:
    """Load an RSA public key of 1024 to 8192 bits.

    Accepted are SubjectPublicKeyInfo, PKCS #1, and an X.509 certificate or a chain of them (the key of the first
    counts), each in PEM, in DER, in base64 of the DER, or in base64 of the PEM; a JWK, a set with one JWK, an OpenSSH
    public key, and RSAKeyValue. See `key_content` for the encodings of text.

    Raises:
        KeyFormatError: The content has another format, contains several keys or a private key, or its key is not RSA
            or has another size.
    """
    key = _public_key(key_content(content))
    if not isinstance(key, RSAPublicKey):
        raise KeyFormatError(kinds.not_rsa(name_of_algorithm(key)))
    if not SMALLEST_BITS <= key.key_size <= LARGEST_BITS:
        message = f"it is an RSA key of {key.key_size} bits; use {SMALLEST_BITS} to {LARGEST_BITS} bits"
        raise KeyFormatError(message)
    return key


def fingerprint(key: RSAPublicKey) -> str:
    """Return the SHA-256 of the key's SubjectPublicKeyInfo in DER: 64 lower-case hexadecimal digits."""
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def certificate_end(content: str | bytes) -> datetime | None:
    """Return the end of a certificate's validity in UTC (notAfter; RFC 5280, section 4.1.2.5).

    Returns None if the content is not a certificate.
    """
    try:
        match key_content(content):
            case (PemBlock() as block, *_):
                return load_der_x509_certificate(block.der).not_valid_after_utc
            case Der(raw):
                return load_der_x509_certificate(raw).not_valid_after_utc
    except UNREADABLE:
        pass
    return None


def _public_key(content: Content) -> PublicKeyTypes:
    match content:
        case Der(raw, form):
            return _of_der(raw, form)
        case str():
            return _of_text(content)
    if any(block.is_private for block in content):
        raise KeyFormatError(kinds.PRIVATE_KEY)
    if any(block.has_private_label for block in content):
        raise KeyFormatError(kinds.PRIVATE_LABEL)
    if len(content) > 1 and not _is_chain(content):
        raise KeyFormatError(SEVERAL)
    return _of_der(content[0].der, PEM)


def _is_chain(blocks: tuple[PemBlock, ...]) -> bool:
    """Whether each block is a certificate that the next one issued. Then the key of the first counts."""
    try:
        for certificate, issuer in pairwise(load_der_x509_certificate(block.der) for block in blocks):
            certificate.verify_directly_issued_by(issuer)
    except (*UNREADABLE, InvalidSignature):
        return False
    return True


def _of_der(raw: bytes, form: Form) -> PublicKeyTypes:
    if key := public_key_in(raw):
        return key
    raise KeyFormatError(kinds.PRIVATE_KEY) if is_private_key(raw) else unreadable(raw, form)


def _of_text(text: str) -> PublicKeyTypes:
    if numbers := rsa_numbers(text):
        if numbers.is_private:
            raise KeyFormatError(kinds.PRIVATE_KEY)
        return numbers.public_key()
    lines = len(OPENSSH_LINE.findall(text))
    if lines > 1:
        raise KeyFormatError(SEVERAL)
    if lines:
        return _of_openssh(text)
    raise KeyFormatError(kind_of_file_text(text))


def _of_openssh(text: str) -> PublicKeyTypes:
    """The key in the line that begins with `ssh-rsa`. Lines that begin with # are comments."""
    line = "".join(line for line in text.split("\n") if not line.startswith("#"))
    try:
        return cast("PublicKeyTypes", load_ssh_public_key(line.encode()))
    except UNREADABLE as error:
        raise KeyFormatError(kinds.SSH_DAMAGED) from error
