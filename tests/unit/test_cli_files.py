"""New files: they are new, and hold what they should."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE

import pytest

from handlers.cli.files import held, replace, write_new
from handlers.cli.misuse import MisuseError


@contextmanager
def _full_disk() -> Iterator[None]:
    """Stands in for a disk that is full: within it, no file may grow over a byte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("secret", [True, False])
def test_new_files_hold_their_content(tmp_path: Path, *, secret: bool) -> None:
    """A new file holds the text in UTF-8, and nobody but its owner may use a secret one."""
    file = tmp_path / "new"
    write_new(file, "é\n", secret=secret)
    assert file.read_bytes() == "é\n".encode()
    assert S_IMODE(file.stat().st_mode) == 0o600 or not secret


def test_existing_files_are_kept(tmp_path: Path) -> None:
    """A file that exists keeps its content, and the message says so."""
    file = tmp_path / "old"
    file.write_text("old")
    with pytest.raises(MisuseError) as refusal:
        write_new(file, "new", secret=True)
    assert refusal.value.mistakes == (f"{file} exists and is left as it is; name another file or move it away",)
    assert file.read_text() == "old"


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link to nowhere counts as a file that exists, and nothing is made where it points."""
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(MisuseError, match="exists and is left as it is"):
        write_new(tmp_path / "link", "new", secret=True)
    assert not (tmp_path / "target").exists()


def test_files_that_cannot_be_made_are_told(tmp_path: Path) -> None:
    """A folder that is not there is told with the path of the file."""
    file = tmp_path / "nowhere" / "new"
    with pytest.raises(MisuseError) as refusal:
        write_new(file, "new", secret=False)
    assert refusal.value.mistakes == (f"{file} cannot be written: No such file or directory",)


def test_files_that_cannot_be_filled_are_told(tmp_path: Path) -> None:
    """A disk that is full is told with the path of the file, and half a file is not left."""
    file = tmp_path / "new"
    with _full_disk(), pytest.raises(MisuseError) as refusal:
        write_new(file, "new", secret=False)
    assert refusal.value.mistakes == (f"{file} cannot be written: File too large",)
    assert not file.exists()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A secret file with something in it."""
    file = tmp_path / "old"
    write_new(file, "old", secret=True)
    return file


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644], ids=oct)
def test_a_replaced_file_keeps_its_mode(old: Path, mode: int) -> None:
    """The new content takes the old one's place, byte for byte, with the old one's mode, and nothing else is left."""
    old.chmod(mode)
    replace(old, "é\r\n")
    assert old.read_bytes() == "é\r\n".encode()
    assert S_IMODE(old.stat().st_mode) == mode
    assert list(old.parent.iterdir()) == [old]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_replaced_file_keeps_its_owner(old: Path) -> None:
    """Whoever replaces a file, it stays its owner's."""
    os.chown(old, 1234, 5678)
    replace(old, "new")
    assert (old.stat().st_uid, old.stat().st_gid, S_IMODE(old.stat().st_mode)) == (1234, 5678, 0o600)


def test_a_replaced_file_was_never_half_there(old: Path) -> None:
    """Whoever has the old file open reads it to its end, since the new one is another file."""
    with old.open() as reader:
        replace(old, "new")
        assert reader.read() == "old"
    assert old.read_text() == "new"


def test_links_stay_links(old: Path) -> None:
    """What is replaced is the file that a link points to."""
    link = old.with_name("link")
    link.symlink_to(old)
    replace(link, "new")
    assert (link.is_symlink(), old.read_text()) == (True, "new")


def test_a_bad_draft_replaces_nothing(old: Path) -> None:
    """The new content is shown before it counts, for its owner alone, and goes if it is refused."""
    old.chmod(0o600)

    def refuse(draft: Path) -> None:
        assert (draft.read_text(), S_IMODE(draft.stat().st_mode)) == ("new", 0o600)
        raise MisuseError(old.read_text())

    with pytest.raises(MisuseError, match="old"):
        replace(old, "new", refuse)
    assert old.read_text() == "old"
    assert list(old.parent.iterdir()) == [old]


def test_a_full_disk_replaces_nothing(old: Path) -> None:
    """Where the new content does not fit, the old stays, and no part of the new is left."""
    with _full_disk(), pytest.raises(MisuseError) as refusal:
        replace(old, "new")
    assert refusal.value.mistakes == (f"{old} cannot be written: File too large",)
    assert old.read_text() == "old"
    assert list(old.parent.iterdir()) == [old]


def test_a_missing_file_is_not_replaced(tmp_path: Path) -> None:
    """A file that is not there is told, and not made."""
    with pytest.raises(MisuseError) as refusal:
        replace(tmp_path / "nothing", "new")
    assert refusal.value.mistakes == (f"{tmp_path}/nothing cannot be written: No such file or directory",)
    assert not list(tmp_path.iterdir())


def test_one_command_at_a_time_changes_files(tmp_path: Path) -> None:
    """While one command holds a folder another is refused, and is not when the first has ended."""
    with held(tmp_path), pytest.raises(MisuseError, match="another command is changing files in"), held(tmp_path):
        pass
    with held(tmp_path):
        pass


def test_a_missing_folder_cannot_be_held(tmp_path: Path) -> None:
    """A folder that is not there is told by its path."""
    with pytest.raises(MisuseError) as refusal, held(tmp_path / "nothing"):
        pass
    assert refusal.value.mistakes == (f"{tmp_path}/nothing cannot be opened: No such file or directory",)
