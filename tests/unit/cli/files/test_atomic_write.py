"""Create and replace files atomically."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE

import pytest

from handlers.cli.errors import UsageError
from handlers.cli.files.atomic_write import locked, make_folder, replace, write_new
from tests.users import (
    OPERATOR,
    OPERATORS_GROUP,
    SERVER_GROUP,
    SERVER_USER,
    acting_as,
    open_folder,
    owner,
)


@contextmanager
def _full_disk() -> Iterator[None]:
    """Simulates a full disk: in this block no file may grow beyond one byte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("secret", [True, False])
def test_new_files_hold_their_content(tmp_path: Path, *, secret: bool) -> None:
    """A new file holds the text in UTF-8, and only its owner can use a secret one."""
    file = tmp_path / "new"
    write_new(file, "é\n", secret=secret)
    assert file.read_bytes() == "é\n".encode()
    assert S_IMODE(file.stat().st_mode) == 0o600 or not secret


def test_existing_files_are_kept(tmp_path: Path) -> None:
    """An existing file keeps its content, and the error says so."""
    file = tmp_path / "old"
    file.write_text("old")
    with pytest.raises(UsageError) as refusal:
        write_new(file, "new", secret=True)
    assert refusal.value.mistakes == (f"{file} exists and is left as it is; name another file or move it away",)
    assert file.read_text() == "old"


def test_dangling_links_are_not_followed(tmp_path: Path) -> None:
    """A dangling link counts as an existing file, and its target is not created."""
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(UsageError, match="exists and is left as it is"):
        write_new(tmp_path / "link", "new", secret=True)
    assert not (tmp_path / "target").exists()


def test_a_file_that_cannot_be_created_is_an_error(tmp_path: Path) -> None:
    """If the folder is missing, the error names the file."""
    file = tmp_path / "nowhere" / "new"
    with pytest.raises(UsageError) as refusal:
        write_new(file, "new", secret=False)
    assert refusal.value.mistakes == (f"{file} cannot be written: No such file or directory",)


def test_a_full_disk_leaves_no_new_file(tmp_path: Path) -> None:
    """If the disk is full, the error names the file, and no part of the file remains."""
    file = tmp_path / "new"
    with _full_disk(), pytest.raises(UsageError) as refusal:
        write_new(file, "new", secret=False)
    assert refusal.value.mistakes == (f"{file} cannot be written: File too large",)
    assert not file.exists()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A secret file with content."""
    file = tmp_path / "old"
    write_new(file, "old", secret=True)
    return file


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644], ids=oct)
def test_a_replaced_file_keeps_its_mode(old: Path, mode: int) -> None:
    """The new content replaces the old one and keeps its mode, and no other file remains."""
    old.chmod(mode)
    replace(old, "é\r\n")
    assert old.read_bytes() == "é\r\n".encode()
    assert S_IMODE(old.stat().st_mode) == mode
    assert list(old.parent.iterdir()) == [old]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_replaced_file_keeps_its_owner(old: Path) -> None:
    """A replaced file keeps its owner."""
    os.chown(old, 1234, 5678)
    replace(old, "new")
    assert (old.stat().st_uid, old.stat().st_gid, S_IMODE(old.stat().st_mode)) == (1234, 5678, 0o600)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A file of the operator. Its group is the server's, to which the operator does not belong."""
    with open_folder(OPERATOR, OPERATORS_GROUP) as folder:
        file = folder / "old"
        file.write_text("old")
        os.chown(file, OPERATOR, SERVER_GROUP)
        yield file


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o666, 0o700], ids=oct)
def test_a_group_without_more_rights_may_change(shared: Path, mode: int) -> None:
    """If the mode gives the group no more than all others, the file is replaced although its group changes."""
    shared.chmod(mode)
    with acting_as(OPERATOR, OPERATORS_GROUP):
        replace(shared, "new")
    assert (shared.read_text(), S_IMODE(shared.stat().st_mode)) == ("new", mode)
    assert owner(shared) == (OPERATOR, OPERATORS_GROUP)


@pytest.mark.parametrize("mode", [0o640, 0o660, 0o664, 0o604], ids=oct)
def test_a_group_with_other_rights_must_be_kept(shared: Path, mode: int) -> None:
    """If the mode of the group differs from that of all others, a file whose group cannot be kept is not replaced."""
    shared.chmod(mode)
    with acting_as(OPERATOR, OPERATORS_GROUP), pytest.raises(UsageError) as refusal:
        replace(shared, "new")
    advice = f"run this as root, or as {OPERATOR} in the group {SERVER_GROUP}"
    rule = f"it must belong to {OPERATOR}:{SERVER_GROUP}, and you cannot change its owner; nothing is changed"
    assert refusal.value.mistakes == (f"{shared} cannot be written: {rule}; {advice}",)
    assert (shared.read_text(), S_IMODE(shared.stat().st_mode)) == ("old", mode)
    assert list(shared.parent.iterdir()) == [shared]


def test_a_member_of_the_group_keeps_it(shared: Path) -> None:
    """A member of the group replaces the file, and the group stays."""
    shared.chmod(0o640)
    with acting_as(OPERATOR, OPERATORS_GROUP, SERVER_GROUP):
        replace(shared, "new")
    assert (shared.read_text(), owner(shared)) == ("new", (OPERATOR, SERVER_GROUP))


def test_another_user_s_file_is_not_taken_over(shared: Path) -> None:
    """A user who can write in the folder but does not own the file cannot replace it."""
    shared.chmod(0o666)
    shared.parent.chmod(0o777)
    with acting_as(SERVER_USER, SERVER_GROUP), pytest.raises(UsageError, match=f"must belong to {OPERATOR}:"):
        replace(shared, "new")
    assert (shared.read_text(), owner(shared)) == ("old", (OPERATOR, SERVER_GROUP))


def test_a_new_file_belongs_to_the_owner_of_another(shared: Path) -> None:
    """A file that root creates like another file has the owner and group of that file, and mode 0600."""
    new = shared.with_name("new")
    write_new(new, "new", secret=True, like=shared)
    assert (owner(new), S_IMODE(new.stat().st_mode)) == ((OPERATOR, SERVER_GROUP), 0o600)


def test_a_new_file_with_the_wrong_owner_is_not_created(shared: Path) -> None:
    """If another user cannot give a new file to its owner, the error names the owner, and no file remains."""
    shared.parent.chmod(0o777)
    with acting_as(SERVER_USER, SERVER_GROUP), pytest.raises(UsageError, match=f"must belong to {OPERATOR}:"):
        write_new(shared.with_name("new"), "new", secret=True, like=shared)
    assert list(shared.parent.iterdir()) == [shared]


def test_errors_name_user_and_group() -> None:
    """The error names a user and a group, if they have names."""
    with open_folder(OPERATOR, OPERATORS_GROUP) as folder:
        file = folder / "roots"
        file.touch()
        with acting_as(OPERATOR, OPERATORS_GROUP), pytest.raises(UsageError, match="must belong to root:root, "):
            replace(file, "new")


def test_files_that_root_creates_belong_to_the_owner_of_the_folder() -> None:
    """Files and folders that root creates in another user's folder belong to that user."""
    with open_folder(SERVER_USER, SERVER_GROUP) as folder:
        write_new(folder / "new", "new", secret=True)
        make_folder(folder / "a" / "b")
        made = [folder / "new", folder / "a", folder / "a" / "b"]
        assert [owner(each) for each in made] == [(SERVER_USER, SERVER_GROUP)] * 3


def test_files_that_a_user_creates_belong_to_that_user() -> None:
    """A file that a user creates belongs to that user, even in another user's folder."""
    with open_folder() as folder:
        folder.chmod(0o733)
        with acting_as(OPERATOR, OPERATORS_GROUP):
            write_new(folder / "new", "new", secret=True)
        assert owner(folder / "new") == (OPERATOR, OPERATORS_GROUP)


def test_the_file_whose_owner_is_copied_must_exist(tmp_path: Path) -> None:
    """If the file whose owner to copy is missing, the error names that file, and nothing is created."""
    with pytest.raises(UsageError) as refusal:
        write_new(tmp_path / "new", "new", secret=True, like=tmp_path / "nothing")
    assert refusal.value.mistakes == (f"{tmp_path}/nothing cannot be read: No such file or directory",)
    assert not list(tmp_path.iterdir())


def test_a_replacement_is_atomic(old: Path) -> None:
    """A process that has the old file open reads it to its end, because the new file is another one."""
    with old.open() as reader:
        replace(old, "new")
        assert reader.read() == "old"
    assert old.read_text() == "new"


def test_links_are_kept(old: Path) -> None:
    """The target of a link is replaced, and the link stays."""
    link = old.with_name("link")
    link.symlink_to(old)
    replace(link, "new")
    assert (link.is_symlink(), old.read_text()) == (True, "new")


def test_a_refused_draft_replaces_nothing(old: Path) -> None:
    """A draft that the check refuses is deleted, and only its owner could read it."""
    old.chmod(0o600)

    def refuse(draft: Path) -> None:
        assert (draft.read_text(), S_IMODE(draft.stat().st_mode)) == ("new", 0o600)
        raise UsageError(old.read_text())

    with pytest.raises(UsageError, match="old"):
        replace(old, "new", refuse)
    assert old.read_text() == "old"
    assert list(old.parent.iterdir()) == [old]


def test_a_full_disk_replaces_nothing(old: Path) -> None:
    """If the disk is full, the old file stays, and no part of the new one remains."""
    with _full_disk(), pytest.raises(UsageError) as refusal:
        replace(old, "new")
    assert refusal.value.mistakes == (f"{old} cannot be written: File too large",)
    assert old.read_text() == "old"
    assert list(old.parent.iterdir()) == [old]


def test_a_missing_file_is_not_replaced(tmp_path: Path) -> None:
    """A missing file is an error, and is not created."""
    with pytest.raises(UsageError) as refusal:
        replace(tmp_path / "nothing", "new")
    assert refusal.value.mistakes == (f"{tmp_path}/nothing cannot be written: No such file or directory",)
    assert not list(tmp_path.iterdir())


def test_one_command_at_a_time_changes_files(tmp_path: Path) -> None:
    """While one command has locked a folder, another command is refused. After that it is not."""
    with locked(tmp_path), pytest.raises(UsageError, match="another command is changing files in"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_a_missing_folder_cannot_be_locked(tmp_path: Path) -> None:
    """A missing folder is an error that names it."""
    with pytest.raises(UsageError) as refusal, locked(tmp_path / "nothing"):
        pass
    assert refusal.value.mistakes == (f"{tmp_path}/nothing cannot be opened: No such file or directory",)
