"""The user that the server runs as. The owner of the token keys shows who it is."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel

from handlers.cli.errors import UsageError
from handlers.cli.files.partial_settings import PartialSettings
from handlers.config.settings import Settings
from handlers.config.tables import Token

_ROOT = 0


class _TokenTable(BaseModel):
    keys_file: str = Token.model_fields["keys_file"].default


class _KeysFile(PartialSettings):
    token: _TokenTable = _TokenTable()


def server_user_file(config: Path) -> Path:
    """A file that belongs to the server's user: the token keys, or else the settings file `config`.

    Only its owner can read a file of token keys, so its owner is the server's user. If there is no such file yet, or
    it belongs to root, the owner of the settings file is the server's user.

    Raises:
        UsageError: `config` or the file of the token keys cannot be read.
    """
    keys = config.absolute().parent / _KeysFile.load(config).token.keys_file
    try:
        return config if keys.stat().st_uid in {_ROOT, config.stat().st_uid} else keys
    except FileNotFoundError:
        return config
    except (OSError, ValueError) as error:  # The path is not repeated: a key may be there by mistake.
        cause = getattr(error, "strerror", None) or error
        message = f"{config}: the file that token.keys_file names cannot be read: {cause}"
        raise UsageError(message) from error


@contextmanager
def acting_as_server_user(settings: Settings) -> Iterator[None]:
    """In this block root acts as the server's user, so that a state file that SQLite creates belongs to the server.

    Nothing changes for other users, or if the state store is not a file.

    Raises:
        UsageError: see `server_user_file`.
    """
    if settings.state.url.file is None:
        yield
        return
    with acting_as_owner(server_user_file(settings.file)):
        yield


@contextmanager
def acting_as_owner(file: Path) -> Iterator[None]:
    """In this block root acts as the owner of this file, in all groups of that user. Nothing changes for others."""
    owner = file.stat()
    if os.geteuid() != _ROOT or owner.st_uid == _ROOT:
        yield
        return
    before = os.getegid(), os.getgroups()
    os.setgroups(_groups(owner))
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(_ROOT)
        os.setegid(before[0])
        os.setgroups(before[1])


def _groups(owner: os.stat_result) -> list[int]:
    """All groups of the user, because the folder of the state file may be open to only one of them."""
    try:
        return os.getgrouplist(pwd.getpwuid(owner.st_uid).pw_name, owner.st_gid)
    except KeyError:
        return []
