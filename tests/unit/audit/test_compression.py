"""Compression of closed files."""

import gzip
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.audit.appender import Appender, TrailOptions
from handlers.audit.compression import LOCK, compress_closed_files
from handlers.audit.folder_lock import locked
from handlers.audit.record import Record
from tests.merchant import NOON, Clock
from tests.trail_files import chain_of

FIRST, SECOND, THIRD = (f"audit-20260122-00000{number}.jsonl" for number in (1, 2, 3))


@pytest.fixture
def folder(options: TrailOptions, clock: Clock) -> Path:
    """A trail of three files, of which the last one is open."""
    appender = Appender(replace(options, rotate_bytes=1_024), clock)
    while not (options.folder / THIRD).exists():
        appender.append([Record("token.issued", NOON)])
    return options.folder


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("audit-*"))


def test_closed_files_are_compressed_and_the_newest_is_not(folder: Path) -> None:
    """Each closed file is there once, compressed, with the mode of the plain one. The chain is the same."""
    before = chain_of(folder)
    compress_closed_files(folder, None)
    assert _names(folder) == [f"{FIRST}.gz", f"{SECOND}.gz", THIRD]
    assert chain_of(folder) == before
    assert (folder / f"{FIRST}.gz").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "left",
    [b"", b"half", gzip.compress(b"another", mtime=0)[:-9], gzip.compress(b"", mtime=0)[:10] + b"\xff\xff"],
    ids=["empty", "no gzip", "cut off", "damaged"],
)
def test_a_compressed_file_that_a_crash_left_damaged_is_made_again(folder: Path, left: bytes) -> None:
    """While both files are there, only a compressed one with the same content counts."""
    before = chain_of(folder)
    (folder / f"{FIRST}.gz").write_bytes(left)
    (folder / f"{FIRST}.gz.new").write_bytes(left)
    compress_closed_files(folder, None)
    assert chain_of(folder) == before
    assert _names(folder) == [f"{FIRST}.gz", f"{SECOND}.gz", THIRD]


def test_a_plain_file_is_deleted_when_the_compressed_one_is_complete(folder: Path) -> None:
    """After a crash between the two steps, the compressed file is kept as it is."""
    content = gzip.compress((folder / FIRST).read_bytes(), 1)
    (folder / f"{FIRST}.gz").write_bytes(content)
    compress_closed_files(folder, None)
    assert (folder / f"{FIRST}.gz").read_bytes() == content
    assert not (folder / FIRST).exists()


def test_a_compressed_file_with_more_than_the_plain_one_is_not_equal(folder: Path) -> None:
    """A compressed file that begins with the content of the plain one is made again."""
    (folder / f"{FIRST}.gz").write_bytes(gzip.compress((folder / FIRST).read_bytes() + b"more"))
    before = (folder / FIRST).read_bytes()
    compress_closed_files(folder, None)
    assert gzip.decompress((folder / f"{FIRST}.gz").read_bytes()) == before


def test_a_compressed_file_is_not_compressed_again(folder: Path) -> None:
    """A further run leaves the compressed files as they are."""
    compress_closed_files(folder, None)
    before = (folder / f"{FIRST}.gz").stat()
    compress_closed_files(folder, None)
    assert (folder / f"{FIRST}.gz").stat() == before
    assert _names(folder) == [f"{FIRST}.gz", f"{SECOND}.gz", THIRD]


def test_only_one_process_compresses(folder: Path) -> None:
    """While another process compresses, nothing happens."""
    with locked(folder / LOCK):
        compress_closed_files(folder, None)
    assert _names(folder) == [FIRST, SECOND, THIRD]


def test_the_plain_file_stays_if_the_disk_loses_the_content(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compressed file is read again before the plain one is deleted."""

    def copy_nothing(*_arguments: object) -> None:
        """A disk that loses what it gets."""

    monkeypatch.setattr(shutil, "copyfileobj", copy_nothing)
    with pytest.raises(OSError, match=f"{FIRST}.gz does not have the content of {FIRST}"):
        compress_closed_files(folder, None)
    assert (folder / FIRST).exists()


def test_a_compression_that_fails_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full, the half file does not stay on it."""
    message = "No space left on device"

    def fail(*_arguments: object) -> None:
        raise OSError(message)

    monkeypatch.setattr(shutil, "copyfileobj", fail)
    with pytest.raises(OSError, match=message):
        compress_closed_files(folder, None)
    assert _names(folder) == [FIRST, SECOND, THIRD]
