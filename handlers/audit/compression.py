"""Compresses files of the trail that are closed. After a crash at any point, the next run completes the work."""

import gzip
import os
import shutil
import zlib
from contextlib import suppress
from pathlib import Path

from handlers.audit.files import files_in
from handlers.audit.folder_lock import locked
from handlers.audit.open_file import create_new, flush_folder, name_new, new_name

LOCK = "compression.lock"
"""The file in the folder that a process locks while it compresses."""

_CHUNK = 1_048_576


def compress_closed_files(folder: Path, group: int | None) -> None:
    """Compress every file but the newest, and delete the plain file when the compressed one has the same content.

    Do nothing if another process does this at the moment. `group` is the ID of the group that may read the files.

    Raises:
        OSError: A file cannot be read or written. The plain file is still there.
    """
    with suppress(BlockingIOError), locked(folder / LOCK, wait=False):
        for file in files_in(folder)[:-1]:
            plain, compressed = folder / file.name, folder / file.compressed_name
            if plain.exists():
                if not _is_equal(plain, compressed):
                    _compress(plain, compressed, group)
                plain.unlink()
                flush_folder(folder)


def _compress(plain: Path, compressed: Path, group: int | None) -> None:
    descriptor = create_new(compressed, group)
    try:
        with os.fdopen(descriptor, "wb") as target, plain.open("rb") as source:
            with gzip.GzipFile(plain.name, "wb", fileobj=target) as packed:
                shutil.copyfileobj(source, packed, _CHUNK)
            target.flush()
            name_new(compressed, descriptor)
    finally:
        new_name(compressed).unlink(missing_ok=True)  # After a failure, it must not take the last room on the disk.
    if not _is_equal(plain, compressed):
        message = f"{compressed.name} does not have the content of {plain.name}"
        raise OSError(message)


def _is_equal(plain: Path, compressed: Path) -> bool:
    """Whether the compressed file has the content of the plain one. False if it is missing or damaged."""
    try:
        with plain.open("rb") as one, gzip.open(compressed) as other:
            while content := one.read(_CHUNK):
                if other.read(_CHUNK) != content:
                    return False
            return not other.read(1)
    except (FileNotFoundError, EOFError, gzip.BadGzipFile, zlib.error):
        return False
