"""New files: they are new, and hold what they should."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE

import pytest

from handlers.cli.files import write_new
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
    """A disk that is full is told with the path of the file."""
    file = tmp_path / "new"
    with _full_disk(), pytest.raises(MisuseError) as refusal:
        write_new(file, "new", secret=False)
    assert refusal.value.mistakes == (f"{file} cannot be written: File too large",)
