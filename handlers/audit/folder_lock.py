"""The advisory locks in the folder of the trail. All processes that write to the trail take them (`flock`)."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EBADF
from pathlib import Path

from handlers.audit.files import LOCK
from handlers.audit.open_file import is_in_place

_MODE = 0o640


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """While the block runs, no other process appends to the trail in this folder.

    The folder is locked too, because somebody may delete the lock file while a process holds its lock. NFS cannot lock
    folders (flock(2), "NFS details"), so there only the file counts.

    Raises:
        OSError: The folder is gone, for example.
    """
    with locked(folder / LOCK):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _lock_folder(descriptor)
            yield
        finally:
            os.close(descriptor)


@contextmanager
def locked(file: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock of this file while the block runs. The file is created if there is none.

    Raises:
        BlockingIOError: Another process holds the lock, and `wait` is false.
        OSError: The file cannot be opened, because the folder is gone, for example.
    """
    descriptor = _lock(file, wait=wait)
    while not is_in_place(file, descriptor):  # Somebody deleted the file while this process waited for its lock.
        os.close(descriptor)
        descriptor = _lock(file, wait=wait)
    try:
        yield
    finally:
        os.close(descriptor)


def _lock_folder(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno != EBADF:
            raise


def _lock(file: Path, *, wait: bool) -> int:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
