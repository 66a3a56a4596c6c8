"""The files of the trail on the disk."""

import os
from pathlib import Path

import pytest

from handlers.audit.files import TrailFile
from handlers.audit.open_file import OpenFile

FILE = TrailFile(1, "20260122")


def test_a_file_that_cannot_be_completed_gets_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash or an error before the first line is on disk leaves no file of the trail."""

    def fail(_descriptor: int) -> None:
        raise OSError

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError):  # noqa: PT011  it has no text
        OpenFile.create(tmp_path, FILE, b"line\n", None)
    assert [path.name for path in tmp_path.iterdir()] == [f"{FILE.name}.new"]


def test_a_group_that_may_not_be_given_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that its readers cannot read is not written."""

    def refuse(*_arguments: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "fchown", refuse)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(PermissionError):
        OpenFile.create(tmp_path, FILE, b"line\n", os.getgid())
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_file_with_another_in_its_place_is_not_in_place(tmp_path: Path) -> None:
    """A file that was moved, deleted or replaced is not written any longer."""
    opened = OpenFile.create(tmp_path, FILE, b"line\n", None)
    assert (opened.is_in_place, opened.size) == (True, 5)
    opened.path.rename(tmp_path / "moved")
    assert not opened.is_in_place
    opened.path.write_bytes(b"line\n")
    assert not opened.is_in_place
    opened.close()
