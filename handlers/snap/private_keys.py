"""RSA private keys in every form in which they arrive. Only a program that plays the client needs them."""

from base64 import b64encode
from collections.abc import Callable
from typing import cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_pem_private_key,
    load_ssh_private_key,
)

from handlers.snap import key_kinds as kinds
from handlers.snap.key_bytes import name_of_algorithm, public_key_in, unreadable
from handlers.snap.key_content import OPENSSH_LINE, Content, Der, PemBlock, key_content
from handlers.snap.key_format_error import PEM, Form, KeyFormatError
from handlers.snap.key_recognition import UNREADABLE, kind_of_file_text
from handlers.snap.rsa_numbers import rsa_numbers

_OPENSSH_LABEL = "OPENSSH PRIVATE KEY"
_OPENSSH = b64encode(b"openssh-key-v1\0").decode()
_OPENSSH_PLAIN = b64encode(b"openssh-key-v1\0\0\0\0\x04none\0").decode()
"""The beginning of a key that is not encrypted: the length and the name of its cipher (OpenSSH, PROTOCOL.key)."""

_SEQUENCE = "MI"
"""The beginning of the base64 of a key in DER that has 128 bytes or more."""

_SEVERAL = "it contains several private keys; put each of them in its own file"


class EncryptedKeyError(KeyFormatError):
    """A private key is encrypted, and the passphrase is missing or wrong."""


def load_private_key(content: str | bytes, passphrase: bytes | None = None) -> RSAPrivateKey:
    """Load an RSA private key.

    Accepted are PKCS #8 and PKCS #1 in PEM, in DER, in base64 of the DER, or in base64 of the PEM, encrypted ones with
    their passphrase; an OpenSSH private key, a JWK, and RSAKeyValue. The label of the PEM does not count. See
    `key_content` for the encodings of text. A passphrase that is not needed is ignored.

    Raises:
        EncryptedKeyError: The key is encrypted, and the passphrase is None or wrong.
        KeyFormatError: The content is anything else.
    """
    try:
        return _require_rsa(_private_key(key_content(content), passphrase))
    except KeyFormatError as error:
        error.wants_private_key = True
        raise


def _require_rsa(key: PrivateKeyTypes) -> RSAPrivateKey:
    if not isinstance(key, RSAPrivateKey):
        raise KeyFormatError(kinds.not_rsa(name_of_algorithm(key)))
    return key


def _private_key(content: Content, passphrase: bytes | None) -> PrivateKeyTypes:
    match content:
        case Der(raw, form):
            return _of_der(raw, form, passphrase)
        case str():
            return _of_text(content)
    private = [block for block in content if block.is_private]
    if len(private) != 1:
        raise KeyFormatError(_SEVERAL if private else kinds.PUBLIC_KEY)
    return _of_block(private[0], passphrase)


def _of_block(block: PemBlock, passphrase: bytes | None) -> PrivateKeyTypes:
    text = "".join(block.body.split())
    if text.startswith(_OPENSSH) or (block.label == _OPENSSH_LABEL and not text.startswith(_SEQUENCE)):
        return _of_openssh(block.pem.replace(block.label.encode(), _OPENSSH_LABEL.encode()), text)
    if "Proc-Type:" in block.body:
        return _decrypted(load_pem_private_key, block.pem, passphrase)
    return _of_der(block.der, PEM, passphrase)


def _of_openssh(pem: bytes, text: str) -> PrivateKeyTypes:
    """The key in this PEM. `text` is the base64 in it."""
    try:
        return cast("PrivateKeyTypes", load_ssh_private_key(pem, password=None))
    except UNREADABLE as error:
        # Releases of cryptography raise different errors for an encrypted key.
        is_encrypted = text.startswith(_OPENSSH) and not text.startswith(_OPENSSH_PLAIN)
        raise KeyFormatError(kinds.SSH_ENCRYPTED if is_encrypted else kinds.SSH_DAMAGED) from error


def _of_der(raw: bytes, form: Form, passphrase: bytes | None) -> PrivateKeyTypes:
    try:
        return load_der_private_key(raw, password=None)
    except TypeError:
        return _decrypted(load_der_private_key, raw, passphrase, form)
    except UNREADABLE as error:
        is_public = public_key_in(raw) is not None
        raise (KeyFormatError(kinds.PUBLIC_KEY) if is_public else unreadable(raw, form)) from error


def _decrypted(
    load: Callable[[bytes, bytes], PrivateKeyTypes], encrypted: bytes, passphrase: bytes | None, form: Form = PEM
) -> PrivateKeyTypes:
    if passphrase is None:
        raise EncryptedKeyError(kinds.ENCRYPTED, form)
    try:
        return load(encrypted, passphrase)
    except UNREADABLE as error:
        message = "the passphrase does not decrypt it"
        raise EncryptedKeyError(message) from error


def _of_text(text: str) -> RSAPrivateKey:
    numbers = rsa_numbers(text)
    if numbers and numbers.is_private:
        return numbers.private_key()
    is_public = numbers or OPENSSH_LINE.match(text)
    raise KeyFormatError(kinds.PUBLIC_KEY if is_public else kind_of_file_text(text))
