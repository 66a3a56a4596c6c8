"""The user that the server runs as, found by the owners of its files."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handlers.config.settings import Settings

_ROOT = 0


def file_of_server_user(config: Path, settings: Settings) -> Path:
    """A file that belongs to the server's user: the token keys, or, if those belong to root, the settings file.

    The server refuses token keys that anybody but their owner can read. So their owner is the server's user.
    """
    keys = settings.token.keys_file.path
    return config if keys.stat().st_uid in {_ROOT, config.stat().st_uid} else keys


@contextmanager
def server_user(config: Path, settings: Settings) -> Iterator[None]:
    """In this block root acts as the server's user, so that a state file that SQLite makes belongs to the server.

    Other users stay who they are. Root does too, if the state is no file.
    """
    if settings.state.url.file is None:
        yield
        return
    with owner_of(file_of_server_user(config, settings)):
        yield


@contextmanager
def owner_of(file: Path) -> Iterator[None]:
    """Within it root acts as the owner of this file, in all groups of that user; others stay who they are."""
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
    """All groups of the user: perhaps only one of them may open the folder of the state."""
    try:
        return os.getgrouplist(pwd.getpwuid(owner.st_uid).pw_name, owner.st_gid)
    except KeyError:
        return []
