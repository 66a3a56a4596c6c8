"""The stamps of the files that were read, and their changes."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from handlers.config import regular_files
from handlers.config.regular_files import NO_ANSWER, FileStamp
from handlers.config.watched_files import FileStamps, all_stamps_match, any_status_changed, read, record_files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of four bytes."""
    file = tmp_path / "file"
    file.write_text("text")
    return file


def _files(*paths: Path) -> FileStamps:
    with record_files() as files:
        for path in paths:
            read(path)
    return files


def test_the_first_stamp_is_recorded(file: Path) -> None:
    """If a file changes between two readings, the stamp of the first reading is recorded."""
    with record_files() as files:
        before = read(file).stamp
        file.write_text("another text")
        after = read(file).stamp
    assert files == {file: before}
    assert before != after


def test_a_missing_file_is_recorded(tmp_path: Path) -> None:
    """A missing file is recorded, so that its creation is a change."""
    files = _files(tmp_path / "file")
    assert not any_status_changed(files)
    (tmp_path / "file").touch()
    assert any_status_changed(files)


def test_nothing_is_recorded_outside_the_block(file: Path) -> None:
    """Reading a file outside of the block is no error, and is not recorded."""
    read(file)
    with record_files() as files:
        pass
    read(file)
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
def test_every_change_is_found(file: Path, change: Callable[[Path], None]) -> None:
    """New content, also with the old time; a replaced file; a new mode; a deleted file."""
    os.utime(file, ns=(0, 0))
    files = _files(file)
    assert (any_status_changed(files), all_stamps_match(files)) == (False, True)
    change(file)
    assert (any_status_changed(files), all_stamps_match(files)) == (True, False)


def test_links_are_followed(tmp_path: Path) -> None:
    """A folder that is replaced behind a link, as Kubernetes does with secrets, changes its files."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").write_text("text")
    (tmp_path / "data").symlink_to("one")
    (tmp_path / "file").symlink_to(Path("data", "file"))
    files = _files(tmp_path / "file")
    (tmp_path / "new").symlink_to("two")
    (tmp_path / "new").replace(tmp_path / "data")
    assert any_status_changed(files)


def test_new_content_with_an_old_status_is_found(file: Path) -> None:
    """A file on a remote disk can have new content with an old status. Its stamp does not match."""
    files = _files(file)
    other = {file: FileStamp(files[file].status, b"the digest of other bytes")}
    assert (any_status_changed(other), all_stamps_match(other)) == (False, False)


def test_a_file_system_without_an_answer(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be read in time counts as changed, and its stamp stays the same between checks."""
    with monkeypatch.context() as patched:
        patched.setattr(regular_files, "_hanging", {file})
        with record_files() as files, pytest.raises(TimeoutError):
            read(file)
        assert all_stamps_match(files)
    assert files == {file: NO_ANSWER}
    assert any_status_changed(files)


def test_a_check_without_an_answer_is_a_change(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the file system does not answer, files count as changed, and reading them reports the cause."""
    files = _files(file)
    monkeypatch.setattr(regular_files, "_hanging", {frozenset(files)})
    assert any_status_changed(files)
