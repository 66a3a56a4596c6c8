"""The type of the file system on which a file is."""

import re
from collections.abc import Iterator
from pathlib import Path

from handlers.cli.self_check.finding import Finding, error, warning

MOUNTS = Path("/proc/self/mounts")
"""The mounts that this process sees, in the order in which they were made (proc(5), fstab(5))."""

_NETWORK = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs", "vboxsf"}
)
_VOLATILE = frozenset({"overlay", "ramfs", "tmpfs"})
_ESCAPE = re.compile(r"\\([0-7]{3})")


def check_file_system(file: Path, mounts: Path = MOUNTS) -> Iterator[Finding]:
    """Whether SQLite can use a file there. Its locks and its shared memory need a file system of this machine."""
    kind = file_system_of(file, mounts)
    if kind in _NETWORK or kind.startswith("fuse."):
        found = f"{file} is on a network file system ({kind}), where SQLite can lose data"
        advice = "use a disk of this machine, or for several machines a redis:// URL in state.url"
        yield error("state.file_system", found, advice)
    elif kind in _VOLATILE:
        found = f"{file} is on {kind}, which does not outlive the machine or the container"
        yield warning("state.file_system", found, "use a disk, or a volume of the container")


def file_system_of(file: Path, mounts: Path = MOUNTS) -> str:
    """The type, for example `ext4`. Empty if the mounts are not known. Of two mounts at one place, the later counts."""
    place, found = file.resolve().parent, ("", Path())
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    for _, written, kind, *_ in map(str.split, lines):
        point = Path(_ESCAPE.sub(lambda each: chr(int(each[1], 8)), written))
        if place.is_relative_to(point) and len(point.parts) >= len(found[1].parts):
            found = kind, point
    return found[0]
