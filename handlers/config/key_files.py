"""Fields of the settings that name files of keys: reading the settings reads the keys, and a bad one is a mistake."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from handlers.config.token_key_file import TokenKeyFile
from handlers.config.watched_files import read
from handlers.snap.keys import KeyFormatError, is_inline, load_private_key, load_public_key

SHORTEST_SECRET = 16
"""Characters."""

MOST_SECRETS = 2
"""Secrets in one file."""

NO_SECRETS: tuple[bytes, ...] = ()
"""If no file is named."""

_GROUP_AND_OTHERS = 0o077
# PEM however misspelt, urlsafe base64, a Fernet key; and what is too long for a path.
_MAYBE_A_KEY = re.compile(r".*(BEGIN|[\n\0]).*|[\w+/=-]{40,}|.{256,}", re.DOTALL | re.ASCII)
_MAYBE_A_SECRET = re.compile(r".*", re.DOTALL)
# What a caller can send as a bearer token: b64token of RFC 6750, section 2.1.
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")

# Pydantic-settings has no validation context, so the folder that paths are relative to stands here.
_folder: ContextVar[Path] = ContextVar("folder", default=Path())


@contextmanager
def relative_to(folder: Path) -> Iterator[None]:
    """Within it, paths in fields are relative to this folder."""
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


def read_text(path: Path, *, private: bool = False) -> str:
    """The file's text. Only its owner may be able to use a private file.

    Raises:
        ValueError: it cannot be read, is not UTF-8, or others can use it; the message has path and cause.
        TimeoutError: its file system gives no answer; the message has the path.
    """
    found = read(path)
    if found.trouble:
        message = f"{path} cannot be read: {found.trouble}"
        raise ValueError(message)
    if private and found.mode & _GROUP_AND_OTHERS:
        message = f"others than its owner can use {path}; run: chmod 600 {path}"
        raise ValueError(message)
    try:
        # As it is: a file that is changed keeps the ends of its lines.
        return found.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{path} cannot be read: it is not text in UTF-8"
        raise ValueError(message) from error


def read_private_key(path: Path, *, private: bool = False) -> RSAPrivateKey:
    """The private key of a PEM file; ValueError or TimeoutError, with the path and the cause, if there is none."""
    try:
        return load_private_key(read_text(path, private=private).encode())
    except KeyFormatError as error:
        message = f"{path}: {error}"
        raise ValueError(message) from error


def in_folder(path: str | Path) -> Path:
    """The path, relative to the folder of the settings."""
    return _folder.get() / path


def _path(value: object, maybe: re.Pattern[str] = _MAYBE_A_KEY) -> Path:
    if not isinstance(value, str | Path):
        message = "the path of a file is wanted"
        raise ValueError(message)  # noqa: TRY004  pydantic reports ValueErrors only
    path = in_folder(value)
    if maybe.fullmatch(str(value)) and read(path).stamp.status is None:
        message = "it names no file that can be read and may be a key, so it is not repeated here"
        raise ValueError(message)
    return path


def _token_keys(value: object) -> TokenKeyFile:
    path = _path(value)
    text = read_text(path, private=True)
    try:
        file = TokenKeyFile.parse(path, text)
    except ValueError as error:
        message = f"{path} must hold one Fernet key a line, newest first; `snap-token keygen token` makes one"
        raise ValueError(message) from error
    if file.mistakes:
        message = f"{path}: {'; '.join(file.mistakes)}"
        raise ValueError(message)
    return file


def _secrets(value: object) -> tuple[bytes, ...]:
    """The secrets of a file, the newest first. The second one is accepted while senders change to the first."""
    if value == NO_SECRETS:
        return NO_SECRETS
    path = _path(value, _MAYBE_A_SECRET)
    secrets = [line.strip() for line in read_text(path, private=True).split("\n") if line.strip()]
    if not 1 <= len(secrets) <= MOST_SECRETS or not all(map(_may_be_a_secret, secrets)):
        message = (
            f"{path} must hold one secret, on one line, of at least {SHORTEST_SECRET} characters; "
            f"or {MOST_SECRETS} such lines, the newest first, while it is being changed"
        )
        raise ValueError(message)
    return tuple(secret.encode() for secret in secrets)


def _may_be_a_secret(text: str) -> bool:
    return len(text) >= SHORTEST_SECRET and len(text.splitlines()) == 1


def _bearer_secrets(value: object) -> tuple[bytes, ...]:
    secrets = _secrets(value)
    if not all(_BEARER.fullmatch(secret.decode()) for secret in secrets):
        message = "the secret is sent as a bearer token: letters, digits and -._~+/ are wanted, = at its end alone"
        raise ValueError(message)
    return secrets


def _public_key(value: object) -> RSAPublicKey:
    if isinstance(value, str) and is_inline(value):
        return load_public_key(value)
    path = _path(value)
    text = read_text(path)
    try:
        return load_public_key(text)
    except ValueError as error:
        message = f"{path}: {error}"
        raise ValueError(message) from error


KeyFile = Annotated[Path, BeforeValidator(_path)]
# A variable holds the path as it is, not a list in JSON.
TokenKeys = Annotated[TokenKeyFile, BeforeValidator(_token_keys), NoDecode]
# An environment variable holds the path as it is, not in JSON.
ClientSecrets = Annotated[tuple[bytes, ...], BeforeValidator(_secrets), NoDecode]
BearerSecrets = Annotated[tuple[bytes, ...], BeforeValidator(_bearer_secrets), NoDecode]
PublicKey = Annotated[RSAPublicKey, BeforeValidator(_public_key)]
