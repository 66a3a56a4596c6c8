"""Fields of the settings that name files of keys: reading the settings reads the keys, and a bad one is a mistake."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from stat import S_ISDIR
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from handlers.server.files_read import note
from handlers.server.token_key_file import TokenKeyFile
from handlers.snap.keys import KeyFormError, is_inline, load_private_key, load_public_key

SHORTEST_SECRET = 16
"""Characters."""

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


def read_text(path: Path) -> str:
    """The file's text; ValueError, with the path and the cause, if it cannot be read or is not UTF-8."""
    note(path)
    try:
        # As it is: a file that is changed keeps the ends of its lines.
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise ValueError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path} cannot be read: it is not text in UTF-8"
        raise ValueError(message) from error


def read_private_key(path: Path) -> RSAPrivateKey:
    """The private key of a PEM file; ValueError, with the path and the cause, if there is none."""
    try:
        return load_private_key(read_text(path).encode())
    except KeyFormError as error:
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
    note(path)  # Here already: what is refused unread, for its mode or since it is not there, may be mended.
    if maybe.fullmatch(str(value)) and not _mode(path):
        message = "it names no file that can be read and may be a key, so it is not repeated here"
        raise ValueError(message)
    return path


def _mode(path: Path) -> int:
    """Type and permissions; 0 if there is no such file, or none can be looked at: whoever reads it says why."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


def require_private(path: Path) -> None:
    """ValueError, with what to do, if the file is not its owner's alone."""
    mode = _mode(path)
    if mode & _GROUP_AND_OTHERS and not S_ISDIR(mode):
        message = f"others than its owner can use {path}; run: chmod 600 {path}"
        raise ValueError(message)


def _token_keys(value: object) -> TokenKeyFile:
    path = _path(value)
    require_private(path)
    text = read_text(path)
    try:
        file = TokenKeyFile.parse(path, text)
    except ValueError as error:
        message = f"{path} must hold one Fernet key a line, newest first; `snap-token keygen token` makes one"
        raise ValueError(message) from error
    if file.mistakes:
        message = f"{path}: {'; '.join(file.mistakes)}"
        raise ValueError(message)
    return file


def _secret(value: object) -> bytes:
    path = _path(value, _MAYBE_A_SECRET)
    require_private(path)
    secret = read_text(path).strip()
    if len(secret) < SHORTEST_SECRET or len(secret.splitlines()) > 1:
        message = f"{path} must hold one secret, on one line, of at least {SHORTEST_SECRET} characters"
        raise ValueError(message)
    return secret.encode()


def _bearer_secret(value: object) -> bytes:
    secret = _secret(value)
    if not _BEARER.fullmatch(secret.decode()):
        message = "the secret is sent as a bearer token: letters, digits and -._~+/ are wanted, = at its end alone"
        raise ValueError(message)
    return secret


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
ClientSecret = Annotated[bytes, BeforeValidator(_secret)]
BearerSecret = Annotated[bytes, BeforeValidator(_bearer_secret)]
PublicKey = Annotated[RSAPublicKey, BeforeValidator(_public_key)]
