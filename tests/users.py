"""Other users of this machine. Root acts as them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.programs import program, skip_or_fail

SERVER_USER, SERVER_GROUP = 4001, 4002
OPERATOR, OPERATORS_GROUP = 4003, 4004
"""User and group IDs that have no name on this machine."""


@contextmanager
def acting_as(user: int, group: int, *groups: int) -> Iterator[None]:
    """Run the block as that user. Only root can do this."""
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
    """A folder of that owner which every user can enter. The folders that pytest makes are closed to other users."""
    with TemporaryDirectory() as folder:
        if os.geteuid() != 0:
            skip_or_fail("only root can give a folder to another user")
        Path(folder).chmod(0o711)
        os.chown(folder, user, group)
        yield Path(folder)


def give_all(folder: Path, user: int, group: int) -> None:
    """Give the folder and every file in it to that user."""
    for file in (folder, *folder.rglob("*")):
        os.chown(file, user, group)


def owner(file: Path) -> tuple[int, int]:
    """The user ID and group ID of a file."""
    status = file.stat()
    return status.st_uid, status.st_gid


def as_user(user: int, group: int, *groups: int) -> tuple[str, ...]:
    """The beginning of a command that runs as that user. It may read files of root, because Python may be one."""
    if os.geteuid() != 0:
        skip_or_fail("only root can start a process of another user")
    capability = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")
    members = ("--groups", ",".join(map(str, groups))) if groups else ("--clear-groups",)
    return (program("setpriv"), "--reuid", str(user), "--regid", str(group), *members, *capability)
