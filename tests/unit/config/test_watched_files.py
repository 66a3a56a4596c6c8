"""Which files were read, and what each was then."""

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


def test_files_are_noted_as_they_were_first(file: Path) -> None:
    """A file that changes between two readings is noted as it was at the first."""
    with record_files() as files:
        before = read(file).stamp
        file.write_text("another text")
        after = read(file).stamp
    assert files == {file: before}
    assert before != after


def test_what_is_not_there_is_noted_too(tmp_path: Path) -> None:
    """A file that is missing is noted, so that its coming is a change."""
    files = _files(tmp_path / "file")
    assert not any_status_changed(files)
    (tmp_path / "file").touch()
    assert any_status_changed(files)


def test_outside_nothing_is_noted(file: Path) -> None:
    """Reading without anybody who wants to know is no error."""
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
def test_every_change_tells(file: Path, change: Callable[[Path], None]) -> None:
    """New content of the same length, with the old time too, another file in its place, a new mode, its end."""
    os.utime(file, ns=(0, 0))
    files = _files(file)
    assert (any_status_changed(files), all_stamps_match(files)) == (False, True)
    change(file)
    assert (any_status_changed(files), all_stamps_match(files)) == (True, False)


def test_a_link_is_what_it_leads_to(tmp_path: Path) -> None:
    """A folder that is swapped behind a link, as Kubernetes does with secrets, changes the files in it."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").write_text("text")
    (tmp_path / "data").symlink_to("one")
    (tmp_path / "file").symlink_to(Path("data", "file"))
    files = _files(tmp_path / "file")
    (tmp_path / "new").symlink_to("two")
    (tmp_path / "new").replace(tmp_path / "data")
    assert any_status_changed(files)


def test_bytes_that_change_behind_an_old_status_are_seen(file: Path) -> None:
    """A file whose status shows nothing, on another machine's disk say, is not unchanged if its bytes are others."""
    files = _files(file)
    other = {file: FileStamp(files[file].status, b"the digest of other bytes")}
    assert (any_status_changed(other), all_stamps_match(other)) == (False, False)


def test_a_file_system_without_an_answer(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be read in time is noted, as one that has changed and is no other from look to look."""
    with monkeypatch.context() as patched:
        patched.setattr(regular_files, "_hanging", {file})
        with record_files() as files, pytest.raises(TimeoutError):
            read(file)
        assert all_stamps_match(files)
    assert files == {file: NO_ANSWER}
    assert any_status_changed(files)


def test_looks_without_an_answer_are_changes(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nothing is known of the files, they count as changed: whoever reads them then tells what hangs."""
    files = _files(file)
    monkeypatch.setattr(regular_files, "_hanging", {frozenset(files)})
    assert any_status_changed(files)
