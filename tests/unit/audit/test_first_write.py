"""What is checked before the first line is written."""

import errno
import os
from pathlib import Path

import pytest

from handlers.audit import first_write
from handlers.audit.first_write import make_folder, require_writable


def test_a_missing_folder_is_made_for_its_owner_and_its_group(tmp_path: Path) -> None:
    """The group of the settings may read the folder. An existing folder stays as it is."""
    folder, group = tmp_path / "audit", os.getgid()
    make_folder(folder, group)
    assert (folder.stat().st_mode & 0o777, folder.stat().st_gid) == (0o750, group)
    folder.chmod(0o700)
    make_folder(folder, group)
    assert folder.stat().st_mode & 0o777 == 0o700
    make_folder(tmp_path / "other", None)
    assert (tmp_path / "other").is_dir()


def test_a_writable_folder_is_left_without_a_new_file(tmp_path: Path) -> None:
    """The check leaves nothing but the lock."""
    require_writable(tmp_path, os.getgid())
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSPC])
def test_a_group_that_may_not_be_given_is_an_error_and_a_full_disk_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A server starts on a full disk, because it handles that while it runs. It does not start without its group."""

    def fail(*_arguments: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(first_write, "create_new", fail)
    if number == errno.ENOSPC:
        require_writable(tmp_path, 4)
    else:
        with pytest.raises(PermissionError):
            require_writable(tmp_path, 4)
