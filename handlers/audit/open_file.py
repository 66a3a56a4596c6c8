"""An open file of the trail. Nothing in it is ever changed: lines are only appended."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from handlers.audit.files import TrailFile

MODE = 0o640
"""Its owner writes, and its group reads."""

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_UNCHANGED = -1
_NEW = ".new"
"""The end of the name of a file that is not complete yet."""


class PartialWriteError(Exception):
    """A write failed after this number of bytes. The cause is the error of the system."""

    def __init__(self, written: int) -> None:
        super().__init__(written)
        self.written = written


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file of the trail, open to read and to append."""

    file: TrailFile
    path: Path
    descriptor: int

    @classmethod
    def open(cls, folder: Path, file: TrailFile) -> Self:
        """Open a file that exists.

        Raises:
            OSError: There is no such file, or it cannot be opened.
        """
        path = folder / file.name
        return cls(file, path, os.open(path, _FLAGS))

    @classmethod
    def create(cls, folder: Path, file: TrailFile, first_line: bytes, group: int | None) -> Self:
        """Create a file with its first line. The file gets its name only when the line is on disk.

        Raises:
            OSError: The file cannot be created. Then there is none of this name.
        """
        path = folder / file.name
        descriptor = create_new(path, group)
        try:
            write_all(descriptor, first_line)
            name_new(path, descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(file, path, descriptor)

    @property
    def size(self) -> int:
        """Its size in bytes, also if another process made it larger."""
        return os.fstat(self.descriptor).st_size

    @property
    def is_in_place(self) -> bool:
        """Whether the file still has its name in the folder. Nobody may have moved, replaced or deleted it."""
        return is_in_place(self.path, self.descriptor)

    def close(self) -> None:
        """Close it."""
        os.close(self.descriptor)


def is_in_place(path: Path, descriptor: int) -> bool:
    """Whether the open file still has this path."""
    try:
        status = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(status, os.fstat(descriptor))


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of it.

    Raises:
        PartialWriteError: A part was written, or nothing.
    """
    left = memoryview(content)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError as error:
        raise PartialWriteError(len(content) - len(left)) from error


def new_name(path: Path) -> Path:
    """The path of a file until `name_new` gives it its name."""
    return path.with_name(path.name + _NEW)


def create_new(path: Path, group: int | None) -> int:
    """Create a file for this path, under another name until `name_new`. Return its descriptor.

    Raises:
        OSError: It cannot be created, or the process may not give files to this group.
    """
    descriptor = os.open(new_name(path), _FLAGS | os.O_CREAT | os.O_TRUNC, MODE)
    try:
        os.fchmod(descriptor, MODE)  # The mode of `open` is reduced by the umask.
        if group is not None:
            os.fchown(descriptor, _UNCHANGED, group)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def name_new(path: Path, descriptor: int) -> None:
    """Give a file of `create_new` its name, when its content and its name are on disk.

    Raises:
        OSError: The file cannot be written to disk.
    """
    os.fsync(descriptor)
    new_name(path).rename(path)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Write the names of the files in this folder to disk.

    Raises:
        OSError: They cannot be written.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
