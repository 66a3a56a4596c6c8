"""Fields of the settings that name files of keys: reading the settings reads the keys, and a bad one is a mistake."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from pydantic import BeforeValidator

from handlers.snap.keys import is_inline, load_public_key
from handlers.snap.token import TokenKeys

_GROUP_AND_OTHERS = 0o077

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
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise ValueError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path} cannot be read: it is not text in UTF-8"
        raise ValueError(message) from error


def _path(value: object) -> Path:
    if not isinstance(value, str | Path):
        message = "the path of a file is wanted"
        raise ValueError(message)  # noqa: TRY004  pydantic reports ValueErrors only
    return _folder.get() / value


def _private_file(value: object) -> Path:
    path = _path(value)
    if path.exists() and path.stat().st_mode & _GROUP_AND_OTHERS:
        message = f"others than its owner can use {path}; run: chmod 600 {path}"
        raise ValueError(message)
    return path


def _token_keys(value: object) -> tuple[bytes, ...]:
    path = _private_file(value)
    keys = tuple(line.strip().encode() for line in read_text(path).splitlines() if line.strip())
    try:
        TokenKeys(keys)
    except ValueError as error:
        message = f"{path} must hold one Fernet key a line, newest first; `snap-token keygen token` makes one"
        raise ValueError(message) from error
    return keys


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


PrivateFile = Annotated[Path, BeforeValidator(_private_file)]
TokenKeyList = Annotated[tuple[bytes, ...], BeforeValidator(_token_keys)]
PublicKey = Annotated[RSAPublicKey, BeforeValidator(_public_key)]
