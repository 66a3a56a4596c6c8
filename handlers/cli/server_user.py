"""The user that the server runs as, as the owners of its files tell it."""

import os
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
    """Within it root acts as the server's user, so that what is made belongs to the server. Others stay themselves."""
    owner = file_of_server_user(config, settings).stat()
    if os.geteuid() != _ROOT or owner.st_uid == _ROOT:
        yield
        return
    before = os.getegid(), os.getgroups()
    os.setgroups([])
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(_ROOT)
        os.setegid(before[0])
        os.setgroups(before[1])
