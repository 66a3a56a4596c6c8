"""Secret files as container platforms and systemd give them, with real owners, groups and links."""

import os
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.config import secret_access
from handlers.config.file_content import read_bytes
from handlers.config.regular_files import read_regular_file
from handlers.config.secret_access import FileAccess
from tests.programs import program, skip_or_fail
from tests.users import OPERATOR, SERVER_GROUP, SERVER_USER, acting_as, open_folder

SECRET = b"0123456789abcdef"
ROOT = 0
FS_GROUP = 4005
"""The group that Kubernetes gives to a volume, and to the process as a supplementary group."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of root that every user can enter."""
    with open_folder() as folder:
        yield folder


def _secret(file: Path, mode: int, user: int = ROOT, group: int = ROOT) -> Path:
    file.write_bytes(SECRET)
    os.chown(file, user, group)
    file.chmod(mode)
    return file


def _kubernetes_volume(folder: Path, mode: int, group: int) -> Path:
    """A Secret volume, as Kubernetes makes it: the file is a link through `..data` to a folder with a time."""
    data = folder / "..2026_11_28_22_31_45.1"
    data.mkdir(0o755)
    _secret(data / "secret", mode, ROOT, group)
    (folder / "..data").symlink_to(data.name)
    (folder / "secret").symlink_to("..data/secret")
    folder.chmod(0o1777)
    return folder / "secret"


def _mistake(file: Path, user: int = SERVER_USER, *groups: int) -> str | None:
    """What this user reads: None, or the reason of the refusal."""
    with acting_as(user, SERVER_GROUP if user else ROOT, *groups):
        try:
            assert read_bytes(file, private=True) == SECRET
        except ValueError as error:
            return str(error)
    return None


@pytest.mark.parametrize("mode", [0o440, 0o640], ids=oct)
def test_a_kubernetes_secret_with_fs_group_is_read(folder: Path, mode: int) -> None:
    """A file of root is read if its group can read it and the process is in that group by fsGroup."""
    assert _mistake(_kubernetes_volume(folder, mode, FS_GROUP), SERVER_USER, FS_GROUP) is None


def test_the_effective_group_is_enough(folder: Path) -> None:
    """The group of the file may be the group of the process itself, without a supplementary group."""
    assert _mistake(_secret(folder / "secret", 0o440, ROOT, SERVER_GROUP)) is None


def test_root_reads_a_file_of_fs_group_that_nobody_can_write(folder: Path) -> None:
    """A process of root in the group of the file reads it, as in a container that runs as root."""
    assert _mistake(_kubernetes_volume(folder, 0o440, FS_GROUP), ROOT, FS_GROUP) is None


def test_a_systemd_credential_is_read(folder: Path) -> None:
    """systemd gives one user access to a file of root by an access control list. It shows as access of the group."""
    file = _secret(folder / "token.keys", 0o400)
    _allow(SERVER_USER, file)
    folder.chmod(0o555)
    assert file.stat().st_mode & 0o777 == 0o440
    assert _mistake(file) is None


def test_a_systemd_credential_of_the_service_user_is_read(folder: Path) -> None:
    """Where access control lists are missing, systemd gives the file to the user, with mode 0400."""
    assert _mistake(_secret(folder / "token.keys", 0o400, SERVER_USER, SERVER_GROUP)) is None


def _allow(user: int, file: Path) -> None:
    """Let this user read the file (acl(5): tag, permissions and ID of each entry)."""
    owner, named, group, mask, other, nobody = 1, 2, 4, 16, 32, 0xFFFFFFFF
    entries = [(owner, 4, nobody), (named, 4, user), (group, 0, nobody), (mask, 4, nobody), (other, 0, nobody)]
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    try:
        os.setxattr(file, "system.posix_acl_access", acl)
    except OSError as error:
        skip_or_fail(f"the file system has no access control lists: {error.strerror}")


@pytest.mark.parametrize("user", [SERVER_USER, ROOT], ids=["user", "root"])
def test_a_docker_secret_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch, user: int) -> None:
    """Below /run/secrets a file of root with mode 0444 is read, because nobody can write it."""
    monkeypatch.setattr(secret_access, "CONTAINER_SECRETS", folder)
    assert _mistake(_secret(folder / "secret", 0o444), user) is None


@pytest.mark.parametrize("mode", [0o644, 0o446, 0o464], ids=oct)
def test_a_docker_secret_that_can_be_written_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    """Below /run/secrets a file that its owner, its group or others can write is refused."""
    monkeypatch.setattr(secret_access, "CONTAINER_SECRETS", folder)
    file = _secret(folder / "secret", mode)
    advice = f"run as root: chown {SERVER_USER} {file} && chmod 600 {file}"
    assert _mistake(file) == f"other users can access {file}; {advice}"


def test_a_link_out_of_the_folder_of_secrets_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link below /run/secrets to a readable file elsewhere is refused."""
    (folder / "secrets").mkdir()
    monkeypatch.setattr(secret_access, "CONTAINER_SECRETS", folder / "secrets")
    _secret(folder / "secret", 0o444)
    (folder / "secrets" / "secret").symlink_to("../secret")
    assert "other users can access" in str(_mistake(folder / "secrets" / "secret"))


CHMOD = "run: chmod 600 {file}"
CHOWN = f"run as root: chown {SERVER_USER} {{file}} && chmod 600 {{file}}"
JOIN = f"run: chmod 600 {{file}}; or, if only the server is in its group, run this in group {FS_GROUP}"
AS_SERVER = "run: chmod 600 {file}; or, if only the server is in its group, run this as the server's user"


@pytest.mark.parametrize(
    ("mode", "owner", "user", "advice"),
    [
        pytest.param(0o440, (SERVER_USER, SERVER_GROUP), SERVER_USER, CHMOD, id="the process owns it"),
        pytest.param(0o440, (OPERATOR, SERVER_GROUP), SERVER_USER, CHOWN, id="a file of a third user"),
        pytest.param(0o444, (ROOT, ROOT), SERVER_USER, CHOWN, id="all read a file of root"),
        pytest.param(0o660, (ROOT, SERVER_GROUP), SERVER_USER, CHOWN, id="the group writes"),
        pytest.param(0o450, (ROOT, SERVER_GROUP), SERVER_USER, CHOWN, id="the group runs it"),
        pytest.param(0o640, (ROOT, ROOT), ROOT, CHMOD, id="root owns it and needs no group"),
        pytest.param(0o440, (ROOT, FS_GROUP), ROOT, JOIN, id="root is not in the group"),
        pytest.param(0o640, (ROOT, FS_GROUP), ROOT, AS_SERVER, id="root takes no file that it could correct"),
    ],
)
def test_a_file_that_others_can_access_is_refused(
    folder: Path, mode: int, owner: tuple[int, int], user: int, advice: str
) -> None:
    """The message says which command, run by whom, corrects the access."""
    file = _secret(folder / "secret", mode, *owner)
    assert _mistake(file, user) == f"other users can access {file}; {advice.format(file=file)}"


def test_advice_for_a_read_only_mount_can_be_followed(folder: Path) -> None:
    """Where no command can change the file, the advice names the settings of the platform."""
    access = read_regular_file(_secret(folder / "secret", 0o644)).access
    assert access
    mistake = str(replace(access, mount_is_read_only=True).mistake(Path("secret")))
    assert "chmod" not in mistake
    assert "defaultMode: 0440" in mistake
    assert "mode: 0400" in mistake


@pytest.mark.parametrize("mode", [0o444, 0o644], ids=oct)
def test_the_owner_cannot_write_through_a_read_only_mount(folder: Path, mode: int) -> None:
    """On a read-only mount the write permission of the owner has no effect."""
    file = _secret(folder / "secret", mode)
    access = read_regular_file(file).access
    assert access
    mounted = replace(access, mount_is_read_only=True, real_path=secret_access.CONTAINER_SECRETS / "secret")
    assert mounted.mistake(file) is None


def _folders_and_links(folder: Path) -> Path:
    """A secret in `home/keys`. The path to it has a link in `links` as a folder in its middle, and ends with a link."""
    (folder / "home" / "keys").mkdir(parents=True)
    _secret(folder / "home" / "keys" / "secret", 0o600, SERVER_USER)
    (folder / "links").mkdir()
    (folder / "links" / "keys").symlink_to(folder / "home" / "keys")
    (folder / "app").mkdir()
    (folder / "app" / "secret").symlink_to("../links/keys/secret")
    return folder / "app" / "secret"


ON_THE_WAY = pytest.mark.parametrize("name", ["app", "links", "home", "home/keys"])


@ON_THE_WAY
def test_a_folder_that_everyone_can_write_to_is_refused(folder: Path, name: str) -> None:
    """A secret that every user can replace is refused: by its folder, a folder above it, or the folder of any link."""
    file = _folders_and_links(folder)
    assert _mistake(file) is None
    (folder / name).chmod(0o777)
    advice = f"because every user can write to {folder / name}; run: chmod o-w {folder / name}"
    assert _mistake(file) == f"every user can replace {file}, {advice}"


@ON_THE_WAY
def test_a_folder_with_the_sticky_bit_is_accepted(folder: Path, name: str) -> None:
    """In a folder with the sticky bit, such as /tmp, users can replace only their own files."""
    file = _folders_and_links(folder)
    (folder / name).chmod(0o1777)
    assert _mistake(file) is None


@ON_THE_WAY
def test_a_folder_that_a_group_can_write_to_is_accepted(folder: Path, name: str) -> None:
    """The owner of a file with mode 0600 may share its folders with a group, as in many home folders."""
    file = _folders_and_links(folder)
    (folder / name).chmod(0o775)
    assert _mistake(file) is None


@pytest.fixture
def mount(folder: Path) -> Iterator[Path]:
    """A file system of its own, in a folder that every user can write to."""
    mount = folder / "app" / "secrets"
    mount.mkdir(parents=True)
    mount.parent.chmod(0o777)
    options = ("-t", "tmpfs", "-o", "mode=0755", "tmpfs")
    if subprocess.run([program("mount"), *options, mount], capture_output=True, check=False).returncode:
        skip_or_fail("no file system can be mounted here")
    yield mount
    subprocess.run([program("umount"), "--lazy", mount], check=True)


def test_a_mount_point_cannot_be_replaced(mount: Path) -> None:
    """A volume is accepted below a folder of the image that every user can write to. A link beside it is refused."""
    file = _secret(mount / "secret", 0o600, SERVER_USER)
    assert _mistake(file) is None
    (mount.parent / "link").symlink_to(file)
    assert "every user can replace" in str(_mistake(mount.parent / "link"))


def test_a_read_only_mount_lets_nobody_write(mount: Path) -> None:
    """On a read-only mount the write permission of a folder has no effect."""
    file = _secret(mount / "secret", 0o600, SERVER_USER)
    mount.chmod(0o777)
    assert "every user can replace" in str(_mistake(file))
    subprocess.run([program("mount"), "-o", "remount,ro", mount], check=True)
    assert _mistake(file) is None


def test_the_folder_in_the_advice_is_quoted(folder: Path) -> None:
    """The command works for a folder with a blank in its name."""
    shared = folder / "my keys"
    shared.mkdir()
    shared.chmod(0o777)
    assert str(_mistake(_secret(shared / "secret", 0o600, SERVER_USER))).endswith(f"chmod o-w '{shared}'")


@pytest.mark.parametrize("shared", ["files", "links"])
def test_a_group_that_can_replace_a_file_of_root_is_refused(folder: Path, shared: str) -> None:
    """A file of root that its group can read is refused if a group can write to its folder, or to that of the link."""
    (folder / "files").mkdir()
    (folder / "links").mkdir()
    file = _secret(folder / "files" / "secret", 0o440, ROOT, SERVER_GROUP)
    (folder / "links" / "secret").symlink_to(file)
    assert _mistake(folder / "links" / "secret") is None
    (folder / shared).chmod(0o775)
    assert "other users can access" in str(_mistake(folder / "links" / "secret"))


def test_a_deleted_folder_lets_nobody_write(tmp_path: Path) -> None:
    """An open file whose folder was deleted has no folder in which it could be replaced."""
    (tmp_path / "gone").mkdir()
    with (tmp_path / "gone" / "secret").open("w") as file:
        (tmp_path / "gone" / "secret").unlink()
        (tmp_path / "gone").rmdir()
        access = FileAccess.of(tmp_path / "gone" / "secret", file.fileno())
    assert access.open_folder is None
