"""New files: they are new, and hold what they should."""

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
    with pytest.raises(UsageError) as refusal:
        write_new(file, "new", secret=True)
    assert refusal.value.mistakes == (f"{file} exists and is left as it is; name another file or move it away",)
    assert file.read_text() == "old"


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link to nowhere counts as a file that exists, and nothing is made where it points."""
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(UsageError, match="exists and is left as it is"):
        write_new(tmp_path / "link", "new", secret=True)
    assert not (tmp_path / "target").exists()


def test_files_that_cannot_be_made_are_told(tmp_path: Path) -> None:
    """A folder that is not there is told with the path of the file."""
    file = tmp_path / "nowhere" / "new"
    with pytest.raises(UsageError) as refusal:
        write_new(file, "new", secret=False)
    assert refusal.value.mistakes == (f"{file} cannot be written: No such file or directory",)


def test_files_that_cannot_be_filled_are_told(tmp_path: Path) -> None:
    """A disk that is full is told with the path of the file, and half a file is not left."""
    file = tmp_path / "new"
    with _full_disk(), pytest.raises(UsageError) as refusal:
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


@pytest.fixture
def shared() -> Iterator[Path]:
    """A file of the operator's in the operator's folder; its group is the server's, and not the operator's."""
    with open_folder(OPERATOR, OPERATORS_GROUP) as folder:
        file = folder / "old"
        file.write_text("old")
        os.chown(file, OPERATOR, SERVER_GROUP)
        yield file


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o666, 0o700], ids=oct)
def test_a_group_that_means_nothing_need_not_be_kept(shared: Path, mode: int) -> None:
    """Where the mode gives the group what it gives to all, a file is replaced although its group cannot be kept."""
    shared.chmod(mode)
    with acting_as(OPERATOR, OPERATORS_GROUP):
        replace(shared, "new")
    assert (shared.read_text(), S_IMODE(shared.stat().st_mode)) == ("new", mode)
    assert owner(shared) == (OPERATOR, OPERATORS_GROUP)


@pytest.mark.parametrize("mode", [0o640, 0o660, 0o664, 0o604], ids=oct)
def test_a_group_that_means_something_is_kept(shared: Path, mode: int) -> None:
    """Where the group can read what others cannot, or the reverse, a file whose group cannot be kept stays as it is."""
    shared.chmod(mode)
    with acting_as(OPERATOR, OPERATORS_GROUP), pytest.raises(UsageError) as refusal:
        replace(shared, "new")
    advice = f"run this as root, or as {OPERATOR} in the group {SERVER_GROUP}"
    rule = f"it must belong to {OPERATOR}:{SERVER_GROUP}, and you cannot change its owner; nothing is changed"
    assert refusal.value.mistakes == (f"{shared} cannot be written: {rule}; {advice}",)
    assert (shared.read_text(), S_IMODE(shared.stat().st_mode)) == ("old", mode)
    assert list(shared.parent.iterdir()) == [shared]


def test_a_member_of_the_group_keeps_it(shared: Path) -> None:
    """Who is in the group of a file replaces it, and the group stays."""
    shared.chmod(0o640)
    with acting_as(OPERATOR, OPERATORS_GROUP, SERVER_GROUP):
        replace(shared, "new")
    assert (shared.read_text(), owner(shared)) == ("new", (OPERATOR, SERVER_GROUP))


def test_another_user_s_file_is_not_taken_over(shared: Path) -> None:
    """Who may write into the folder of a file, and does not own it, cannot make it theirs by replacing it."""
    shared.chmod(0o666)
    shared.parent.chmod(0o777)
    with acting_as(SERVER_USER, SERVER_GROUP), pytest.raises(UsageError, match=f"must belong to {OPERATOR}:"):
        replace(shared, "new")
    assert (shared.read_text(), owner(shared)) == ("old", (OPERATOR, SERVER_GROUP))


def test_a_new_file_belongs_to_the_owner_of_another(shared: Path) -> None:
    """What root makes like another file has the other one's owner and group, and is still its owner's alone."""
    new = shared.with_name("new")
    write_new(new, "new", secret=True, like=shared)
    assert (owner(new), S_IMODE(new.stat().st_mode)) == ((OPERATOR, SERVER_GROUP), 0o600)


def test_a_new_file_that_cannot_be_given_away_is_not_made(shared: Path) -> None:
    """Who is not root cannot make a file for another user: it is told whose it must be, and no file is left."""
    shared.parent.chmod(0o777)
    with acting_as(SERVER_USER, SERVER_GROUP), pytest.raises(UsageError, match=f"must belong to {OPERATOR}:"):
        write_new(shared.with_name("new"), "new", secret=True, like=shared)
    assert list(shared.parent.iterdir()) == [shared]


def test_owners_are_told_by_name() -> None:
    """A user and a group that have names are told by them."""
    with open_folder(OPERATOR, OPERATORS_GROUP) as folder:
        file = folder / "roots"
        file.touch()
        with acting_as(OPERATOR, OPERATORS_GROUP), pytest.raises(UsageError, match="must belong to root:root, "):
            replace(file, "new")


def test_what_root_makes_belongs_to_the_owner_of_the_folder() -> None:
    """A file that root makes in another user's folder is that user's; so is a folder, and those above it."""
    with open_folder(SERVER_USER, SERVER_GROUP) as folder:
        write_new(folder / "new", "new", secret=True)
        make_folder(folder / "a" / "b")
        made = [folder / "new", folder / "a", folder / "a" / "b"]
        assert [owner(each) for each in made] == [(SERVER_USER, SERVER_GROUP)] * 3


def test_what_a_user_makes_is_that_user_s() -> None:
    """A file that a user makes belongs to that user, whoever owns the folder."""
    with open_folder() as folder:
        folder.chmod(0o733)
        with acting_as(OPERATOR, OPERATORS_GROUP):
            write_new(folder / "new", "new", secret=True)
        assert owner(folder / "new") == (OPERATOR, OPERATORS_GROUP)


def test_a_file_to_be_like_must_be_there(tmp_path: Path) -> None:
    """A missing file, whose owner the new one is to have, is told by its own name, and nothing is made."""
    with pytest.raises(UsageError) as refusal:
        write_new(tmp_path / "new", "new", secret=True, like=tmp_path / "nothing")
    assert refusal.value.mistakes == (f"{tmp_path}/nothing cannot be read: No such file or directory",)
    assert not list(tmp_path.iterdir())


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
        raise UsageError(old.read_text())

    with pytest.raises(UsageError, match="old"):
        replace(old, "new", refuse)
    assert old.read_text() == "old"
    assert list(old.parent.iterdir()) == [old]


def test_a_full_disk_replaces_nothing(old: Path) -> None:
    """Where the new content does not fit, the old stays, and no part of the new is left."""
    with _full_disk(), pytest.raises(UsageError) as refusal:
        replace(old, "new")
    assert refusal.value.mistakes == (f"{old} cannot be written: File too large",)
    assert old.read_text() == "old"
    assert list(old.parent.iterdir()) == [old]


def test_a_missing_file_is_not_replaced(tmp_path: Path) -> None:
    """A file that is not there is told, and not made."""
    with pytest.raises(UsageError) as refusal:
        replace(tmp_path / "nothing", "new")
    assert refusal.value.mistakes == (f"{tmp_path}/nothing cannot be written: No such file or directory",)
    assert not list(tmp_path.iterdir())


def test_one_command_at_a_time_changes_files(tmp_path: Path) -> None:
    """While one command holds a folder another is refused, and is not when the first has ended."""
    with locked(tmp_path), pytest.raises(UsageError, match="another command is changing files in"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_a_missing_folder_cannot_be_held(tmp_path: Path) -> None:
    """A folder that is not there is told by its path."""
    with pytest.raises(UsageError) as refusal, locked(tmp_path / "nothing"):
        pass
    assert refusal.value.mistakes == (f"{tmp_path}/nothing cannot be opened: No such file or directory",)
