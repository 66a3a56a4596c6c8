"""The private key that signs. An encrypted one needs its passphrase, from a file or from the terminal."""

import sys
import warnings
from getpass import GetPassWarning, getpass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from handlers.cli.errors import UsageError
from handlers.cli.files.read_input import STANDARD_INPUT, read_key, read_passphrase
from handlers.snap.key_format_error import KeyFormatError
from handlers.snap.private_keys import EncryptedKeyError, load_private_key


def read_signing_key(file: Path, passphrase_file: Path | None = None) -> RSAPrivateKey:
    """Load the private key from a file, or from standard input for `-`.

    If it is encrypted and there is no file of the passphrase, ask for the passphrase on the terminal.

    Raises:
        UsageError: a file cannot be read or holds no usable private key, or the passphrase is missing or wrong.
    """
    if file == passphrase_file == STANDARD_INPUT:
        message = "more than one option is -; standard input can serve only one of them"
        raise UsageError(message)
    content = read_key(file)
    passphrase = read_passphrase(passphrase_file) if passphrase_file else None
    try:
        return _load(file, content, passphrase)
    except KeyFormatError as error:
        message = str(error) if file == STANDARD_INPUT else f"{file}: {error.for_file(str(file))}"
        raise UsageError(message) from error


def _load(file: Path, content: bytes, passphrase: bytes | None) -> RSAPrivateKey:
    try:
        return load_private_key(content, passphrase)
    except EncryptedKeyError:
        if passphrase is not None:
            raise
        return load_private_key(content, _typed_passphrase(file))


def _typed_passphrase(file: Path) -> bytes:
    if not sys.stdin.isatty():
        message = f"{file}: it is encrypted; add --passphrase-file, or run this in a terminal, to type the passphrase"
        raise UsageError(message)
    with warnings.catch_warnings(action="error", category=GetPassWarning):
        try:
            return getpass(f"Passphrase of {file}: ").encode()
        except (EOFError, GetPassWarning) as error:
            message = f"{file}: no passphrase was typed on a terminal that can hide it; add --passphrase-file"
            raise UsageError(message) from error
