"""The newest file of a trail, in which the chain goes on."""

import gzip
import zlib
from dataclasses import dataclass
from errno import EINVAL
from pathlib import Path

from handlers.audit.chain import LastLine
from handlers.audit.files import TrailFile, files_in
from handlers.audit.open_file import OpenFile
from handlers.audit.tail import Tail, read_tail

_END = 1_048_576
"""Bytes at the end of a compressed file that are searched for its last line."""


@dataclass(frozen=True, slots=True)
class NewestFile:
    """The newest file. `file` and `opened` are None if the folder has none; `opened` also if it is compressed."""

    file: TrailFile | None
    opened: OpenFile | None
    tail: Tail
    last: LastLine


def find_newest(folder: Path) -> NewestFile:
    """Find and open the newest file of the trail in this folder.

    Raises:
        OSError: It cannot be read, or it has no whole line.
    """
    files = files_in(folder)
    if not files:
        return NewestFile(None, None, Tail(LastLine()), LastLine())
    file = files[-1]
    try:
        opened = OpenFile.open(folder, file)
    except FileNotFoundError:
        tail = Tail.parse(_decompressed_end(folder / file.compressed_name))
        return NewestFile(file, None, tail, _last_of(tail, file))
    try:
        tail = read_tail(opened.descriptor, opened.size)
        return NewestFile(file, opened, tail, _last_of(tail, file))
    except BaseException:
        opened.close()
        raise


def _last_of(tail: Tail, file: TrailFile) -> LastLine:
    if tail.last is None:
        raise OSError(EINVAL, f"{file.name} has no whole line; move it to another folder")
    return tail.last


def _decompressed_end(path: Path) -> bytes:
    end = b""
    try:
        with gzip.open(path) as file:
            while content := file.read(_END):
                end = (end + content)[-_END:]
    except (EOFError, zlib.error) as error:
        raise OSError(EINVAL, f"{path.name} is damaged; move it to another folder") from error
    return end
