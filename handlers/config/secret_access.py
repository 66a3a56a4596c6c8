"""Who can read and write a secret file: only its owner, or whom a container platform or systemd gave it to."""

import os
import shlex
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISVTX
from typing import Self

CONTAINER_SECRETS = Path("/run/secrets")
"""The folder in which Docker, Docker Swarm and Podman mount secrets, by default with mode 0444."""

_ROOT = 0
_GROUP_AND_OTHERS = 0o077
_GROUP_READS = 0o040
_ALL_READ = 0o044
_ANY_WRITES = 0o222
_GROUP_OR_OTHERS_WRITE = 0o022
_OTHERS_WRITE = 0o002


@dataclass(frozen=True, slots=True)
class FileAccess:
    """The mode and the owner of a file, and of the folders in which another file could take its place.

    `mount_is_read_only` says that nothing can change the file or its mode through this mount. `folders` are the
    folder of the path and the folder of the file behind all symbolic links, each with its mode. A folder is left out if
    its mount is read-only or its sticky bit is set, because other users cannot replace a file there.
    """

    mode: int
    uid: int
    gid: int
    mount_is_read_only: bool
    real_path: Path
    folders: tuple[tuple[Path, int], ...]

    @classmethod
    def of(cls, path: Path, descriptor: int) -> Self:
        """Look at the open file."""
        status, real_path = os.fstat(descriptor), path.resolve()
        parents = dict.fromkeys((path.absolute().parent, real_path.parent))
        folders = tuple((folder, mode) for folder in parents if (mode := _mode_if_replaceable(folder)))
        read_only = _is_read_only(os.fstatvfs(descriptor))
        return cls(status.st_mode, status.st_uid, status.st_gid, read_only, real_path, folders)

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
        if self.uid != _ROOT or self._folder_that_lets_write(_GROUP_OR_OTHERS_WRITE):
            return False
        nobody_writes = self.mount_is_read_only or not self.mode & _ANY_WRITES
        if self.mode & _GROUP_AND_OTHERS == _ALL_READ:
            return nobody_writes and self.real_path.is_relative_to(CONTAINER_SECRETS)
        in_group = self.gid in {_ROOT, os.getegid(), *os.getgroups()}
        return self.mode & _GROUP_AND_OTHERS == _GROUP_READS and in_group and (nobody_writes or os.geteuid() != _ROOT)

    def mistake(self, path: Path) -> str | None:
        """What is wrong if this file is a secret, and what to do. None if only the right users have access."""
        if folder := self._folder_that_lets_write(_OTHERS_WRITE):
            return f"every user can replace {path}, because every user can write to {folder}; run: chmod o-w {folder}"
        if self.is_for_owner_only or self.is_from_platform:
            return None
        return f"other users can access {path}; {self._advice(shlex.quote(str(path)))}"

    def _folder_that_lets_write(self, users: int) -> Path | None:
        return next((folder for folder, mode in self.folders if mode & users), None)

    def _advice(self, path: str) -> str:
        if self.mount_is_read_only:
            return (
                "its mount is read-only, so change the mount: in Kubernetes set fsGroup of the pod and"
                " defaultMode: 0440 of the volume; in a compose file set uid and mode: 0400 of the secret"
            )
        if os.geteuid() not in {_ROOT, self.uid}:
            return f"run as root: chown {os.geteuid()} {path} && chmod 600 {path}"
        if self.uid == _ROOT != self.gid and self.mode & _GROUP_AND_OTHERS == _GROUP_READS:
            return f"run: chmod 600 {path}; or, if only the server is in its group, run this in group {self.gid}"
        return f"run: chmod 600 {path}"


def _mode_if_replaceable(folder: Path) -> int:
    """The mode of the folder. 0 if only the owner of a file in it can replace that file, or if it was deleted."""
    with suppress(FileNotFoundError):
        mode = folder.stat().st_mode
        return 0 if mode & S_ISVTX or _is_read_only(os.statvfs(folder)) else mode
    return 0


def _is_read_only(mount: os.statvfs_result) -> bool:
    return bool(mount.f_flag & os.ST_RDONLY)
