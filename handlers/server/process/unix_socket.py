"""A listening Unix socket. Its file is made for one server, and is removed when this server ends."""

import errno
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISSOCK

from handlers.server.process.sockets import BACKLOG

LOCK_SECONDS = 2.0
"""Time limit for the lock on the folder. Another server holds it only while it makes or removes a file."""

_RETRY_SECONDS = 0.01


@contextmanager
def listening(path: Path, mode: int, group: int | None) -> Iterator[socket.socket]:
    """Listen on this path during the block. The file is then removed, unless another server has replaced it.

    A file that a killed process left is replaced. Nobody can connect before the mode and the group are set.

    Raises:
        OSError: Another process listens there (EADDRINUSE), the path is no socket (EEXIST), the socket cannot be made
            there, or this user may not give it to the group (EPERM).
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        with _alone_in(path.parent):
            _remove_abandoned(path)
            listener.bind(str(path))
            held = _hold(path)
            try:
                _permit(path, mode, group)
                listener.listen(BACKLOG)
            except BaseException:
                _remove(path, held)
                raise
        try:
            yield listener
        finally:
            with suppress(OSError), _alone_in(path.parent):
                _remove(path, held)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the lock on the folder, so that no two servers replace a file at the same time.

    Raises:
        OSError: The folder cannot be opened, or another process holds the lock for longer than LOCK_SECONDS (EAGAIN).
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    end = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return


def _remove_abandoned(path: Path) -> None:
    if not os.path.lexists(path):
        return
    if not S_ISSOCK(path.lstat().st_mode):
        raise OSError(errno.EEXIST, "what is there is no socket")
    if _is_served(path):
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
    path.unlink(missing_ok=True)


def _is_served(path: Path) -> bool:
    """Whether a process listens there. A socket that this user may not use counts as served."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # noqa: FBT003  the standard library's signature
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True


def _permit(path: Path, mode: int, group: int | None) -> None:
    """Set group and mode. Without a group, the file keeps that of the process."""
    if group is not None:
        os.chown(path, -1, group)
    path.chmod(mode)


def _hold(path: Path) -> int:
    """Open the file itself. While it is open, no other file gets its inode number."""
    return os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)


def _remove(path: Path, held: int) -> None:
    """Remove the file if it is still ours."""
    ours = os.fstat(held)
    os.close(held)
    with suppress(FileNotFoundError):
        if os.path.samestat(path.lstat(), ours):
            path.unlink()
