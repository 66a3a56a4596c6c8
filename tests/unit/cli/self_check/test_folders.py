"""The checks of the folders in which the server writes."""

import os
from pathlib import Path

import pytest

from handlers.cli.self_check import folders
from handlers.cli.self_check.folders import ADVISED_ROOM, LEAST_ROOM, check_folders, check_room
from handlers.config.settings import Settings
from tests.merchant import write_settings
from tests.nicepay import Nicepay
from tests.trail_files import write_key
from tests.users import SERVER_GROUP, SERVER_USER, acting_as, give_all, open_folder

CAPTURES = '[debug]\ncapture_dir = "captures"\n[state]\nurl = "sqlite:///state.db"'
AUDIT = '[audit]\ndir = "audit"\nkey_file = "audit.key"'
MORE_THAN_THERE_IS = 2**80


def _settings(folder: Path, nicepay: Nicepay) -> Settings:
    (folder / "captures").mkdir(mode=0o700)
    return Settings.load(write_settings(folder, nicepay, extra=CAPTURES))


def test_a_folder_that_can_be_written_is_good(tmp_path: Path, nicepay: Nicepay) -> None:
    """The check leaves nothing in the folder."""
    settings = _settings(tmp_path, nicepay)
    assert [(each.severity, each.found) for each in check_folders(settings)] == [
        ("good", "the server can write to debug.capture_dir")
    ]
    assert list((tmp_path / "captures").iterdir()) == []


def test_a_folder_of_another_user_is_an_error(nicepay: Nicepay) -> None:
    """If the server's user cannot write there, the finding names the setting and the folder."""
    with open_folder() as folder:
        settings = _settings(folder, nicepay)
        give_all(folder, SERVER_USER, SERVER_GROUP)
        (folder / "captures").chmod(0o500)
        with acting_as(SERVER_USER, SERVER_GROUP):
            (finding,) = check_folders(settings)
    assert finding.severity == "error"
    assert finding.found == f"debug.capture_dir: no file can be written in {folder / 'captures'}: Permission denied"


@pytest.mark.parametrize("made", [[], ["audit"], ["audit", "audit/lock"]], ids=["missing", "empty", "with a trail"])
def test_the_audit_folder_is_checked_and_unchanged(tmp_path: Path, nicepay: Nicepay, made: list[str]) -> None:
    """The folder of the audit trail is checked, also if the server has not made it yet. The check adds nothing."""
    write_key(tmp_path / "audit.key")
    for name in made:
        path = tmp_path / name
        path.touch(0o640) if path.name == "lock" else path.mkdir(0o750)
    settings = Settings.load(write_settings(tmp_path, nicepay, extra=AUDIT))
    before = sorted(tmp_path.rglob("*"))
    assert [(each.severity, each.found) for each in check_folders(settings)] == [
        ("good", "the server can write to audit.dir")
    ]
    assert [each.found.split(" has ")[0] for each in check_room(settings, MORE_THAN_THERE_IS)] == [
        "the disk of audit.dir"
    ]
    assert sorted(tmp_path.rglob("*")) == before


def test_an_audit_folder_of_another_user_is_an_error(nicepay: Nicepay) -> None:
    """If the server's user cannot write to the audit trail, the server refuses every request."""
    with open_folder() as folder:
        write_key(folder / "audit.key")
        (folder / "audit").mkdir(mode=0o550)
        settings = Settings.load(write_settings(folder, nicepay, extra=AUDIT))
        give_all(folder, SERVER_USER, SERVER_GROUP)
        with acting_as(SERVER_USER, SERVER_GROUP):
            (finding,) = check_folders(settings)
    assert finding.severity == "error"
    assert finding.found.startswith("audit.dir: ")


def test_a_full_disk_is_an_error(tmp_path: Path, nicepay: Nicepay) -> None:
    """Too little room is found for each folder, and for the folder of the state file."""
    settings = _settings(tmp_path, nicepay)
    found = check_room(settings, least=MORE_THAN_THERE_IS)
    assert [each.severity for each in found] == ["error", "error"]
    assert [each.found.split(" has ")[0] for each in found] == [
        "the disk of debug.capture_dir",
        "the disk of state.url",
    ]


def test_a_disk_that_is_nearly_full_is_a_warning(tmp_path: Path, nicepay: Nicepay) -> None:
    """Less room than is advised is a warning."""
    found = check_room(_settings(tmp_path, nicepay), advised=MORE_THAN_THERE_IS)
    assert [each.severity for each in found] == ["warning", "warning"]


def test_enough_room_is_good(tmp_path: Path, nicepay: Nicepay) -> None:
    """The text says how much room there is."""
    (finding,) = check_room(_settings(tmp_path, nicepay), least=0, advised=0)
    assert finding.severity == "good"
    assert finding.found.startswith("debug.capture_dir has ")
    assert (LEAST_ROOM, ADVISED_ROOM) == (100 * 2**20, 2**30)


def test_a_disk_without_inodes_is_an_error() -> None:
    """A disk can have room and still take no new file."""
    # A test cannot use up the inodes of a disk. So it gives the numbers of one: 10 inodes, and none is free.
    room = os.statvfs_result((4_096, 4_096, 2**30, 2**29, 2**29, 10, 0, 0, 0, 255))
    (finding,) = folders.of_room("state.url", room, LEAST_ROOM, ADVISED_ROOM)
    assert (finding.severity, finding.found) == ("error", "the disk of state.url has no inode left for a new file")


def test_a_server_that_writes_no_files_has_no_folders(settings_file: Path) -> None:
    """Without a state file and a folder for captures, there is nothing to check."""
    settings = Settings.load(settings_file)
    assert [each.severity for each in (*check_folders(settings), *check_room(settings))] == ["good", "good"]
