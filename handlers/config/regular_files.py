"""Reading a path that may lead to anything: only regular files, at most 1 MiB, and in bounded time."""

import errno
import os
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from threading import Thread
from typing import NamedTuple, TypeVar

LARGEST_FILE = 1_048_576
"""Bytes."""

READ_SECONDS = 3.0
"""For one file."""

MOST_HANGING = 8
"""Files that give no answer. While there are so many, no further file is read."""

THREAD = "look"
"""The name of a thread that looks."""

# Opening must not wait for the writer of a pipe, and must not make a terminal the controlling one.
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
# Errors that last until the file itself changes. Any other, such as a fault of the disk, may pass by itself.
_LASTING = frozenset({errno.EACCES, errno.EPERM, errno.EISDIR, errno.EINVAL, errno.EFBIG})
UNKNOWN = (0,)
"""The status of no file. A file with this status is read again."""

_Answer = TypeVar("_Answer")
_hanging: set[Hashable] = set()


class Stamp(NamedTuple):
    """What differs once a file has changed.

    `status` is None if nothing is there. `digest` is SHA-256 of what was read, or the trouble with reading it.
    """

    status: tuple[int, ...] | None
    digest: bytes = b""


NO_ANSWER = Stamp(UNKNOWN)
"""The stamp of a file whose file system gives no answer."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at a path found: the bytes of the file, or the trouble with reading it, in words."""

    stamp: Stamp
    mode: int = 0
    content: bytes = field(default=b"", repr=False)
    trouble: str | None = None


def look_at(path: Path) -> Found:
    """What is at the path; TimeoutError, with path and cause, if its file system gives no answer."""
    try:
        return in_time(path, lambda: _look(path))
    except TimeoutError as error:
        message = f"{path} cannot be read: its file system gives no answer within {READ_SECONDS:g} seconds"
        raise TimeoutError(message) from error


def in_time(name: Hashable, look: Callable[[], _Answer]) -> _Answer:
    """The result of `look`, called in a daemon thread: a file system may never answer.

    Raises:
        TimeoutError: nothing after READ_SECONDS; or an earlier look of this name, or too many others, still hang.
    """
    if name in _hanging or len(_hanging) >= MOST_HANGING:
        raise TimeoutError
    answer: Future[_Answer] = Future()
    Thread(target=_give, args=(answer, look), daemon=True, name=THREAD).start()
    try:
        return answer.result(READ_SECONDS)
    except TimeoutError:
        _hanging.add(name)
        answer.add_done_callback(lambda _: _hanging.discard(name))
        raise


def _give(answer: Future[_Answer], look: Callable[[], _Answer]) -> None:
    try:
        answer.set_result(look())
    except Exception as error:  # noqa: BLE001  the caller gets any error
        answer.set_exception(error)


def _look(path: Path) -> Found:
    status = status_of(path)
    try:
        mode, content = _regular(path)
    except (OSError, ValueError) as error:  # ValueError: it is no path at all.
        number, trouble = getattr(error, "errno", None), getattr(error, "strerror", None) or "it is no path"
        lasting = status is None or number in _LASTING
        return Found(Stamp(status if lasting else UNKNOWN, trouble.encode()), _mode(path), trouble=trouble)
    return Found(Stamp(status, sha256(content).digest()), mode, content)


def _regular(path: Path) -> tuple[int, bytes]:
    """Mode and content. OSError also if the file is too large, or not regular: such a file is not opened."""
    _require_regular(path.stat().st_mode)
    with open(path, "rb", opener=lambda name, _: os.open(name, _FLAGS)) as file:
        mode = os.fstat(file.fileno()).st_mode
        _require_regular(mode)
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise OSError(errno.EFBIG, f"it is larger than {LARGEST_FILE} bytes")
    return mode, content


def _require_regular(mode: int) -> None:
    if S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is a pipe, a device or a socket, and a regular file is wanted")


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


def status_of(path: Path) -> tuple[int, ...] | None:
    """Of the file itself, whatever links lead to it.

    Nobody can set the time of the last status change, and a new mode or owner changes it too.
    """
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_ctime_ns, found.st_mtime_ns, found.st_size
