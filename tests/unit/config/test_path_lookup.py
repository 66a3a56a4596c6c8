"""The names on the way to a file, with real links."""

import errno
from pathlib import Path

import pytest

from handlers.config.path_lookup import MOST_LINKS, looked_up_names


def _names_below(folder: Path, path: Path) -> list[str]:
    """The names below the folder, in the order of the lookup."""
    return [str(name.relative_to(folder)) for name in looked_up_names(path) if folder in name.parents]


def test_links_of_folders_and_of_files_are_followed(tmp_path: Path) -> None:
    """Relative and absolute links, and `..` in a path and in a link, lead to the file."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").touch()
    (tmp_path / "relative").symlink_to("a/b/../b")
    (tmp_path / "absolute").symlink_to(tmp_path / "relative" / "file")
    names = _names_below(tmp_path, tmp_path / "a" / ".." / "absolute")
    assert names == ["a", "absolute", "relative", "a", "a/b", "a/b", "a/b/file"]


def test_a_relative_path_begins_at_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every folder above a relative path is on the way."""
    monkeypatch.chdir(tmp_path)
    assert looked_up_names(Path("file")) == [*reversed(tmp_path.parents), tmp_path, tmp_path / "file"]


def test_links_have_a_limit(tmp_path: Path) -> None:
    """As many links as Linux follows are followed. One more is an error, and so is a loop."""
    for at in range(MOST_LINKS + 1):
        (tmp_path / f"{at + 1}").symlink_to(f"{at}")
    assert looked_up_names(tmp_path / f"{MOST_LINKS}")[-1] == tmp_path / "0"
    with pytest.raises(OSError, match="symbolic links") as error:
        looked_up_names(tmp_path / f"{MOST_LINKS + 1}")
    assert error.value.errno == errno.ELOOP
