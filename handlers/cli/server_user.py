"""The user that the server runs as, as the owners of its files tell it."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handlers.server.settings import Settings

_ROOT = 0


def file_of_server_user(config: Path, settings: Settings) -> Path:
    """A file that belongs to the server's user: that of the token keys, or, if that is root's, the settings file.

    The server refuses token keys that others than their owner can read, so their owner is the user who reads them.
    """
    keys = settings.token.keys_file.path
    return config if keys.stat().st_uid in {_ROOT, config.stat().st_uid} else keys


@contextmanager
def server_user(config: Path, settings: Settings) -> Iterator[None]:
    """Within it root acts as the server's user, so that a state of SQLite that is made belongs to the server.

    Others stay who they are, and so does root where the state is no file.
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
    """All that the user is in; one of them may be what opens the folder of the state."""
    try:
        return os.getgrouplist(pwd.getpwuid(owner.st_uid).pw_name, owner.st_gid)
    except KeyError:
        return []
