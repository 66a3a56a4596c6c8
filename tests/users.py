"""Other users of this machine, whom root plays."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.programs import skip_or_fail

SERVER_USER, SERVER_GROUP = 4001, 4002
OPERATOR, OPERATORS_GROUP = 4003, 4004
"""Users and groups without a name."""


@contextmanager
def acting_as(user: int, group: int, *groups: int) -> Iterator[None]:
    """Within it this process is that user's; only root can do this."""
    if os.geteuid() != 0:
        skip_or_fail("only root can act as another user")
    before = os.getegid(), os.getgroups()
    os.setgroups(groups)
    os.setegid(group)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(before[0])
        os.setgroups(before[1])


@contextmanager
def open_folder(user: int = 0, group: int = 0) -> Iterator[Path]:
    """A folder of that owner which every user can reach: those that pytest makes are closed to others."""
    with TemporaryDirectory() as folder:
        if os.geteuid() != 0:
            skip_or_fail("only root can give a folder to another user")
        Path(folder).chmod(0o711)
        os.chown(folder, user, group)
        yield Path(folder)


def give_all(folder: Path, user: int, group: int) -> None:
    """Every file of the folder, and the folder, to that user."""
    for file in (folder, *folder.rglob("*")):
        os.chown(file, user, group)


def owner(file: Path) -> tuple[int, int]:
    """User and group."""
    found = file.stat()
    return found.st_uid, found.st_gid
