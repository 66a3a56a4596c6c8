"""The disk of the audit trail: a small file system of its own, which can be full. It needs the right to mount."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.process import run

SIZE = "1g"
SLACK_BYTES = 16_384
"""What is left on a full disk, so that lines written meanwhile do not exceed the new size."""


@dataclass(frozen=True)
class AuditDisk:
    """The mounted folder. `reason` says why it is no file system of its own. It is empty if it is one."""

    folder: Path
    reason: str

    def fill(self) -> None:
        """Take away the free space."""
        found = os.statvfs(self.folder)
        self._resize(str((found.f_blocks - found.f_bfree) * found.f_frsize + SLACK_BYTES))

    def free(self) -> None:
        """Give the free space back."""
        self._resize(SIZE)

    def _resize(self, size: str) -> None:
        done = run("mount", "-o", f"remount,size={size}", self.folder)
        assert done.returncode == 0, done.stderr


@contextmanager
def audit_disk(folder: Path) -> Iterator[AuditDisk]:
    """Mount a file system at the new folder until the end of the block, if that is allowed here."""
    folder.mkdir(0o750)
    mounted = run("mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=750", "none", folder)
    try:
        yield AuditDisk(folder, mounted.stderr.strip() if mounted.returncode else "")
    finally:
        if not mounted.returncode:
            run("umount", folder)
