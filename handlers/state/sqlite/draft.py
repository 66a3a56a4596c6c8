"""A new file that is written beside its target, so that there is never half a file at the target."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from handlers.state.sqlite.paths import companions


@contextmanager
def draft_beside(target: Path, *, gives: bool = True) -> Iterator[Path]:
    """Create an empty file with mode 0600. If it `gives`, it has the owner of the target, or else of the folder.

    At the end of the block the draft is removed, unless the block has renamed it.

    Raises:
        OSError: The draft cannot be created, or given to that owner.
    """
    draft = target.with_name(f".{target.name}.{token_hex(8)}")
    try:
        _create(draft, (target if target.exists() else target.parent).stat() if gives else None)
        yield draft
    finally:
        for each in (draft, draft.with_name(f"{draft.name}-journal"), *companions(draft)):
            with suppress(OSError):
                each.unlink()


def _create(draft: Path, owner: os.stat_result | None) -> None:
    """Create the file. Nobody can put another file in its place before it gets its owner."""
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL, 0o600)
    try:
        if owner and (os.geteuid(), os.getegid()) != (owner.st_uid, owner.st_gid):
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
    finally:
        os.close(descriptor)


def sync_to_disk(path: Path) -> None:
    """Wait until the file, or the names in the folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
