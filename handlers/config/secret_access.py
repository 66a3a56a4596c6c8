"""Who can read and write a secret file: only its owner, or whom a container platform or systemd gave it to."""

import os
import shlex
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISVTX
from typing import Self

from handlers.config.path_lookup import looked_up_names

CONTAINER_SECRETS = Path("/run/secrets")
"""The folder in which Docker, Docker Swarm and Podman mount secrets, by default with mode 0444."""

_ROOT = 0
_GROUP_AND_OTHERS = 0o077
_GROUP_READS = 0o040
_ALL_READ = 0o044
_ANY_WRITES = 0o222
_GROUP_WRITES = 0o020
_OTHERS_WRITE = 0o002


@dataclass(frozen=True, slots=True)
class FileAccess:
    """The mode and the owner of a file, and who else can put another file in its place.

    `mount_is_read_only` says that nothing can change the file or its mode through this mount. `open_folder` is a folder
    on the way to the file in which every user can replace the next name of the way. `group_replaces` says that a group
    can replace the file, or the link to it.
    """

    mode: int
    uid: int
    gid: int
    mount_is_read_only: bool
    real_path: Path
    open_folder: Path | None
    group_replaces: bool

    @classmethod
    def of(cls, path: Path, descriptor: int) -> Self:
        """Look at the open file.

        Raises:
            OSError: The links of the path are a loop, or somebody replaced them in the meantime.
        """
        status, names = os.fstat(descriptor), looked_up_names(path)
        real_path = names[-1]
        open_folder = next((name.parent for name in names if _can_replace(_OTHERS_WRITE, name)), None)
        group_replaces = any(_can_replace(_GROUP_WRITES, name) for name in (path.absolute(), real_path))
        read_only = _is_read_only(os.fstatvfs(descriptor))
        return cls(status.st_mode, status.st_uid, status.st_gid, read_only, real_path, open_folder, group_replaces)

    @property
    def is_for_owner_only(self) -> bool:
        """Whether the mode gives the group and others nothing."""
        return not self.mode & _GROUP_AND_OTHERS

    @property
    def is_from_platform(self) -> bool:
        """Whether root gave this file to this process, in the ways of Kubernetes, Docker and systemd.

        Root owns the file, and nobody else can write it. Its group can read it, and the process is in that group. The
        group of root is enough, because systemd gives one user access to a file of root by an access control list,
        which shows as access of the group. Below CONTAINER_SECRETS all may read a file that nobody can write.

        A process of root needs no access of the group to its own file. It takes such a file only if nobody can write
        it: then the platform made it, and the mode cannot be corrected.
        """
        if self.uid != _ROOT or self.group_replaces:
            return False
        nobody_writes = self.mount_is_read_only or not self.mode & _ANY_WRITES
        if self.mode & _GROUP_AND_OTHERS == _ALL_READ:
            return nobody_writes and self.real_path.is_relative_to(CONTAINER_SECRETS)
        in_group = self.gid in {_ROOT, os.getegid(), *os.getgroups()}
        return self.mode & _GROUP_AND_OTHERS == _GROUP_READS and in_group and (nobody_writes or os.geteuid() != _ROOT)

    def mistake(self, path: Path) -> str | None:
        """What is wrong if this file is a secret, and what to do. None if only the right users have access."""
        if folder := self.open_folder:
            advice = f"run: chmod o-w {shlex.quote(str(folder))}"
            return f"every user can replace {path}, because every user can write to {folder}; {advice}"
        if self.is_for_owner_only or self.is_from_platform:
            return None
        return f"other users can access {path}; {self._advice(shlex.quote(str(path)))}"

    def _advice(self, path: str) -> str:
        if self.mount_is_read_only:
            return (
                "its mount is read-only, so change the mount: in Kubernetes set fsGroup of the pod and"
                " defaultMode: 0440 of the volume; in a compose file set uid and mode: 0400 of the secret"
            )
        if os.geteuid() not in {_ROOT, self.uid}:
            return f"run as root: chown {os.geteuid()} {path} && chmod 600 {path}"
        if self.uid == _ROOT != self.gid and self.mode & _GROUP_AND_OTHERS == _GROUP_READS:
            who = "as the server's user" if self.mode & _ANY_WRITES else f"in group {self.gid}"
            return f"run: chmod 600 {path}; or, if only the server is in its group, run this {who}"
        return f"run: chmod 600 {path}"


def _can_replace(users: int, name: Path) -> bool:
    """Whether the folder lets these users remove the name, and put another file there. A mount point stays.

    The sticky bit keeps files of other owners from being removed. Nobody can replace a file in a deleted folder.
    """
    with suppress(FileNotFoundError):
        mode = name.parent.stat().st_mode
        is_writable = mode & users and not mode & S_ISVTX and not _is_read_only(os.statvfs(name.parent))
        return bool(is_writable) and not os.path.ismount(name)
    return False


def _is_read_only(mount: os.statvfs_result) -> bool:
    return bool(mount.f_flag & os.ST_RDONLY)
