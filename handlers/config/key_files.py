"""Fields of the settings that name key files. Reading the settings also reads the keys, and reports a bad key."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from handlers.config.file_content import read_bytes, read_text
from handlers.config.token_key_file import TokenKeyFile
from handlers.config.watched_files import read
from handlers.snap.key_format_error import KeyFormatError
from handlers.snap.key_kinds import EMPTY
from handlers.snap.key_recognition import kind_if_no_path
from handlers.snap.keys import is_inline, load_public_key
from handlers.snap.private_keys import load_private_key

SHORTEST_SECRET = 16
"""Minimum length of a secret, in characters."""

MOST_SECRETS = 2
"""Maximum number of secrets in one file."""

NO_SECRETS: tuple[bytes, ...] = ()
"""The value of a secrets field that names no file."""

# Text that could be a key: damaged PEM, base64url, a Fernet key, or text that is too long for a path.
_MAYBE_A_KEY = re.compile(r".*(BEGIN|[\n\0]).*|[\w+/=-]{40,}|.{256,}", re.DOTALL | re.ASCII)
_MAYBE_A_SECRET = re.compile(r".*", re.DOTALL)
# The text of a bearer token: `b64token` of RFC 6750, section 2.1.
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")

# Pydantic-settings has no validation context, so this variable holds the folder that paths are relative to.
_folder: ContextVar[Path] = ContextVar("folder", default=Path())


@contextmanager
def relative_to(folder: Path) -> Iterator[None]:
    """While the block runs, paths in fields are relative to this folder."""
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


def read_private_key(path: Path, *, private: bool = False) -> RSAPrivateKey:
    """The private key in a file. It may not be encrypted.

    Raises:
        ValueError: The file cannot be read, or has no private key. The message has the path and the cause.
        TimeoutError: The file system did not answer in time. The message has the path.
    """
    try:
        return load_private_key(read_bytes(path, private=private))
    except KeyFormatError as error:
        message = f"{path}: {error.for_file(str(path))}"
        raise ValueError(message) from error


def in_folder(path: str | Path) -> Path:
    """The path, resolved against the folder of the settings file."""
    return _folder.get() / path


def key_path(value: object, secret_pattern: re.Pattern[str] = _MAYBE_A_KEY) -> Path:
    """The path of a key file, resolved against the folder of the settings file.

    Raises:
        ValueError: The value is not a path. It may be the key itself, so the message does not repeat it.
        TimeoutError: The file system did not answer in time. The message has the path.
    """
    if not isinstance(value, str | Path):
        message = "must be the path of a file"
        raise ValueError(message)  # noqa: TRY004  pydantic reports ValueErrors only
    path = in_folder(value)
    if secret_pattern.fullmatch(str(value)) and read(path).stamp.status is None:
        message = "no readable file has this name; the value is not shown here, because it may be a secret"
        raise ValueError(message)
    return path


def _token_keys(value: object) -> TokenKeyFile:
    path = key_path(value)
    text = read_text(path, private=True)
    try:
        file = TokenKeyFile.parse(path, text)
    except ValueError as error:
        message = f"{path} must contain one Fernet key per line, newest first; create one with: snap-token keygen token"
        raise ValueError(message) from error
    if file.mistakes:
        message = f"{path}: {'; '.join(file.mistakes)}"
        raise ValueError(message)
    return file


def _secrets(value: object) -> tuple[bytes, ...]:
    """The secrets in a file, the newest first. The second is accepted until all senders use the first."""
    if value == NO_SECRETS:
        return NO_SECRETS
    path = key_path(value, _MAYBE_A_SECRET)
    secrets = [line.strip() for line in read_text(path, private=True).split("\n") if line.strip()]
    if not 1 <= len(secrets) <= MOST_SECRETS or not all(map(_is_valid_secret, secrets)):
        message = (
            f"{path} must contain one secret of at least {SHORTEST_SECRET} characters on one line; "
            f"while you replace it, {MOST_SECRETS} lines are allowed, the newest secret first; {_found(secrets)}"
        )
        raise ValueError(message)
    return tuple(secret.encode() for secret in secrets)


def _found(secrets: list[str]) -> str:
    """What is wrong with the secrets of a file, in numbers."""
    lines = [line for secret in secrets for line in secret.splitlines()]
    if len(lines) != len(secrets) or not 1 <= len(lines) <= MOST_SECRETS:
        return f"found {len(lines)} lines"
    return f"found {min(map(len, lines))} characters"


def _is_valid_secret(text: str) -> bool:
    return len(text) >= SHORTEST_SECRET and len(text.splitlines()) == 1


def _bearer_secrets(value: object) -> tuple[bytes, ...]:
    secrets = _secrets(value)
    if not all(_BEARER.fullmatch(secret.decode()) for secret in secrets):
        message = "it is sent as a bearer token, so it may contain only letters, digits and -._~+/, and = at its end"
        raise ValueError(message)
    return secrets


def _public_key(value: object) -> RSAPublicKey:
    if isinstance(value, str) and is_inline(value):
        return load_public_key(value)
    path = _public_key_path(value)
    content = read_bytes(path)
    try:
        return load_public_key(content)
    except KeyFormatError as error:
        message = f"{path}: {error.for_file(str(path))}"
        raise ValueError(message) from error


def _public_key_path(value: object) -> Path:
    """The path of a public key. If there is no such file, the error says what kind of key the text is instead."""
    kind = kind_if_no_path(value.strip()) if isinstance(value, str) else None
    if kind is EMPTY or (kind and read(in_folder(str(value))).stamp.status is None):
        raise KeyFormatError(kind)
    return key_path(value)


KeyFile = Annotated[Path, BeforeValidator(key_path)]
# `NoDecode`: an environment variable contains the plain path, not a list in JSON.
TokenKeys = Annotated[TokenKeyFile, BeforeValidator(_token_keys), NoDecode]
ClientSecrets = Annotated[tuple[bytes, ...], BeforeValidator(_secrets), NoDecode]
BearerSecrets = Annotated[tuple[bytes, ...], BeforeValidator(_bearer_secrets), NoDecode]
PublicKey = Annotated[RSAPublicKey, BeforeValidator(_public_key)]
