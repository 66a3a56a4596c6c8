"""The check of the file system on which the state file is."""

from pathlib import Path

import pytest

from handlers.cli.self_check.file_system import check_file_system, file_system_of
from handlers.cli.self_check.finding import error, warning

MOUNTS = r"""overlay / overlay rw 0 0
/dev/sda1 /var ext4 rw 0 0
server:/export /var/lib/shared nfs4 rw 0 0
store /var/with\040blank fuse.s3fs rw 0 0
tmpfs /run tmpfs rw 0 0
/dev/sdb1 /run ext4 rw 0 0
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    file = tmp_path / "mounts"
    file.write_text(MOUNTS)
    return file


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("/state.db", "overlay"),
        ("/var/lib/state.db", "ext4"),
        ("/variable/state.db", "overlay"),
        ("/var/lib/shared/a/state.db", "nfs4"),
        ("/var/with blank/state.db", "fuse.s3fs"),
        ("/run/state.db", "ext4"),
    ],
)
def test_the_innermost_mount_counts(mounts: Path, file: str, kind: str) -> None:
    """The mount of the longest path counts, with escapes decoded, and of two at one path the later one."""
    assert file_system_of(Path(file), mounts) == kind


def test_the_file_system_of_this_machine_is_known(tmp_path: Path) -> None:
    """The mounts of this process name the file system of any file."""
    assert file_system_of(tmp_path / "state.db")


def test_without_mounts_nothing_is_known(tmp_path: Path) -> None:
    """If the mounts cannot be read, the type is empty, and there is no finding."""
    assert file_system_of(tmp_path / "state.db", tmp_path / "missing") == ""
    assert list(check_file_system(tmp_path / "state.db", tmp_path / "missing")) == []


@pytest.mark.parametrize(
    ("folder", "kind"), [("/var/lib/shared", "nfs4"), ("/var/with blank", "fuse.s3fs")], ids=["nfs", "fuse"]
)
def test_a_network_file_system_is_an_error(mounts: Path, folder: str, kind: str) -> None:
    """SQLite on a network file system can lose data. The advice is a local disk, or Redis."""
    found = f"{folder}/state.db is on a network file system ({kind}), where SQLite can lose data"
    advice = "use a disk of this machine, or for several machines a redis:// URL in state.url"
    assert list(check_file_system(Path(folder, "state.db"), mounts)) == [error("state.file_system", found, advice)]


def test_a_file_in_a_container_is_a_warning(mounts: Path) -> None:
    """A file in the container's own layer is lost with the container."""
    found = "/state.db is on overlay, which does not outlive the machine or the container"
    expected = warning("state.file_system", found, "use a disk, or a volume of the container")
    assert list(check_file_system(Path("/state.db"), mounts)) == [expected]


def test_a_local_disk_is_good(mounts: Path) -> None:
    """A local disk is no finding."""
    assert list(check_file_system(Path("/var/lib/state.db"), mounts)) == []
