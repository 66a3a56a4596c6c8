"""Reads only regular files of at most 1 MiB, and never waits longer than a limit. A path can lead to anything."""

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

from handlers.config.secret_access import FileAccess

LARGEST_FILE = 1_048_576
"""Maximum size of a file, in bytes."""

READ_SECONDS = 3.0
"""Time limit for reading one file."""

MAX_HANGING = 8
"""Maximum number of readings that hang. While so many hang, no other file is read."""

THREAD_NAME = "look"
"""The name of the threads that read files."""

# O_NONBLOCK: do not wait for the writer of a pipe. O_NOCTTY: do not take a terminal as the controlling terminal.
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
# These errors stay until the file changes. Any other error, such as a disk fault, can end without a change.
_LASTING_ERRORS = frozenset({errno.EACCES, errno.EPERM, errno.EISDIR, errno.EINVAL, errno.EFBIG})
UNKNOWN = (0,)
"""A status that no file has. A file with this status is read again at the next check."""

_Result = TypeVar("_Result")
_hanging: set[Hashable] = set()


class FileStamp(NamedTuple):
    """Values that differ after a file changed.

    `status` is None if the file does not exist. `digest` is the SHA-256 digest of the content, or the error message if
    the file cannot be read.
    """

    status: tuple[int, ...] | None
    digest: bytes = b""


NO_ANSWER = FileStamp(UNKNOWN)
"""The stamp of a file whose file system does not answer in time."""


@dataclass(frozen=True, slots=True)
class FileRead:
    """The result of reading a file: its content and who has access to it, or the reason why it cannot be read."""

    stamp: FileStamp
    access: FileAccess | None = None
    content: bytes = field(default=b"", repr=False)
    error: str | None = None


def read_regular_file(path: Path) -> FileRead:
    """Read the file at the path.

    Raises:
        TimeoutError: The file system did not answer in time. The message has the path and the cause.
    """
    try:
        return call_with_timeout(path, lambda: _read(path), READ_SECONDS)
    except TimeoutError as error:
        message = f"{path} cannot be read: its file system did not answer within {READ_SECONDS:g} seconds"
        raise TimeoutError(message) from error


def call_with_timeout(name: Hashable, function: Callable[[], _Result], seconds: float = READ_SECONDS) -> _Result:
    """Call the function in a daemon thread, because a file system may never answer. Return its result.

    Raises:
        TimeoutError: There is no result after this many seconds; or an earlier call with this name, or too many others,
            still hang.
    """
    if name in _hanging or len(_hanging) >= MAX_HANGING:
        raise TimeoutError
    result: Future[_Result] = Future()
    Thread(target=_set_result, args=(result, function), daemon=True, name=THREAD_NAME).start()
    try:
        return result.result(seconds)
    except TimeoutError:
        _hanging.add(name)
        result.add_done_callback(lambda _: _hanging.discard(name))
        raise


def _set_result(result: Future[_Result], function: Callable[[], _Result]) -> None:
    try:
        result.set_result(function())
    except Exception as error:  # noqa: BLE001  the caller gets any error
        result.set_exception(error)


def _read(path: Path) -> FileRead:
    status = status_of(path)
    try:
        access, content = _regular(path)
    except (OSError, ValueError) as error:  # ValueError: the text cannot be a path.
        number, reason = getattr(error, "errno", None), getattr(error, "strerror", None) or "it is not a valid path"
        lasting = status is None or number in _LASTING_ERRORS
        return FileRead(FileStamp(status if lasting else UNKNOWN, reason.encode()), error=reason)
    return FileRead(FileStamp(status, sha256(content).digest()), access, content)


def _regular(path: Path) -> tuple[FileAccess, bytes]:
    """Who has access to the file, and the content of the file. A path that is not a regular file is not opened.

    Raises:
        OSError: The file cannot be read, is too large, or is not a regular file.
    """
    _require_regular(path.stat().st_mode)
    with open(path, "rb", opener=lambda name, _: os.open(name, _FLAGS)) as file:
        _require_regular(os.fstat(file.fileno()).st_mode)
        access = FileAccess.of(path, file.fileno())
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise OSError(errno.EFBIG, f"it is larger than {LARGEST_FILE} bytes")
    return access, content


def _require_regular(mode: int) -> None:
    if S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is a pipe, a device or a socket; use a regular file")


def status_of(path: Path) -> tuple[int, ...] | None:
    """The status of the file behind all symbolic links. None if there is no file.

    It includes the time of the last status change (`st_ctime`), because no program can set this time. It also changes
    with the mode and the owner.
    """
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino, status.st_ctime_ns, status.st_mtime_ns, status.st_size
