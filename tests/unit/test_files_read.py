"""Which files were read, and what each was before that."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from handlers.server.files_read import files_read, note, stamp


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of four bytes."""
    file = tmp_path / "file"
    file.write_text("text")
    return file


def test_files_are_noted_as_they_were_first(file: Path) -> None:
    """A file that changes between two readings is noted as it was before the first."""
    before = stamp(file)
    with files_read() as files:
        note(file)
        file.write_text("another text")
        note(file)
    assert files == {file: before}
    assert stamp(file) != before


def test_what_is_not_there_is_noted_too(tmp_path: Path) -> None:
    """A file that is missing is noted, so that its coming is a change."""
    with files_read() as files:
        note(tmp_path / "file")
    assert files == {tmp_path / "file": None}


def test_outside_nothing_is_noted(file: Path) -> None:
    """Reading without anybody who wants to know is no error."""
    note(file)
    with files_read() as files:
        pass
    note(file)
    assert files == {}


def _write(file: Path) -> None:
    file.write_text("TEXT")


def _write_and_hide(file: Path) -> None:
    before = file.stat()
    file.write_text("TEXT")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replace(file: Path) -> None:
    draft = file.with_name("draft")
    draft.write_text("text")
    draft.replace(file)


def _close(file: Path) -> None:
    file.chmod(0o600)


def _remove(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize("change", [_write, _write_and_hide, _replace, _close, _remove])
def test_every_change_tells(file: Path, change: Callable[[Path], None]) -> None:
    """New content of the same length, with the old time too, another file in its place, a new mode, its end."""
    before = stamp(file)
    os.utime(file, ns=(0, 0))
    before = stamp(file)
    change(file)
    assert stamp(file) != before


def test_a_link_is_what_it_leads_to(tmp_path: Path) -> None:
    """A folder that is swapped behind a link, as Kubernetes does with secrets, changes the files in it."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").write_text("text")
    (tmp_path / "data").symlink_to("one")
    (tmp_path / "file").symlink_to(Path("data", "file"))
    before = stamp(tmp_path / "file")
    (tmp_path / "new").symlink_to("two")
    (tmp_path / "new").replace(tmp_path / "data")
    assert stamp(tmp_path / "file") != before


def test_what_is_no_path_cannot_be_looked_at() -> None:
    """A text that cannot be a path has no stamp, and is no error."""
    assert stamp(Path("no\0path")) is None
