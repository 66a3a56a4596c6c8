"""Finding the file in which the chain goes on."""

import gzip
from pathlib import Path

import pytest

from handlers.audit.appender import Appender
from handlers.audit.newest_file import find_newest
from handlers.audit.record import Record
from tests.merchant import NOON
from tests.trail_files import chain_of

FIRST = "audit-20260122-000001.jsonl"
ISSUED = Record("token.issued", NOON)


def test_an_empty_folder_has_no_newest_file(tmp_path: Path) -> None:
    """The first line of a trail follows nothing."""
    newest = find_newest(tmp_path)
    assert (newest.file, newest.opened, newest.last.number) == (None, None, 0)


def test_the_chain_goes_on_after_a_compressed_file(appender: Appender, tmp_path: Path) -> None:
    """If somebody compressed the newest file, the next line goes into a new file."""
    appender.append([ISSUED])
    plain = tmp_path / FIRST
    (tmp_path / f"{FIRST}.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    appender.append([ISSUED])
    assert [line["number"] for line in chain_of(tmp_path)] == [1, 2, 3, 4]


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"cut off")[:-9]], ids=["no gzip", "cut off"])
def test_a_damaged_compressed_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    """The writer does not guess where the chain stands."""
    (tmp_path / f"{FIRST}.gz").write_bytes(content)
    with pytest.raises(OSError, match=r"gzip|damaged"):
        find_newest(tmp_path)
