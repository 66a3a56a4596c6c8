"""Replaces a SQLite file that is damaged or missing with a new file, which gets all readable rows."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from stat import S_ISREG
from urllib.parse import quote

from handlers.state.sqlite.data_loss import CopiedRows, copy_readable_rows, record_data_loss
from handlers.state.sqlite.file import VERSION, backup_path, companions, connect, damage_marker, drop_companions
from handlers.state.sqlite.locks import exclusive_lock


@dataclass(frozen=True, slots=True)
class Repair:
    """The result: the path of the old file, if there was one, and the rows that were copied from it."""

    backup: Path | None
    copied: CopiedRows


def repair(path: Path, now: int) -> Repair:
    """Replace the file at the path. `now` counts as the time of the loss, in microseconds since 1970.

    A running server may have the old file open. It notices the new file within a second, and copies its own rows too.

    Raises:
        ValueError: The file belongs to another program, or to a newer version.
        BlockingIOError: Another process opens the file at this moment.
        sqlite3.Error: The new file cannot be written.
        OSError: A file cannot be created or moved.
    """
    file = path.resolve()
    with exclusive_lock(file):
        exists = file.exists()
        if exists:
            _require_ours(file)
        with _draft(file, now) as (draft, new):
            copied = _copy_rows(file, new) if exists else CopiedRows()
            record_data_loss(new, now)
            new.execute("PRAGMA journal_mode = DELETE")  # So that the draft is one complete file.
            new.close()
            backup = _link_backup(file) if exists else None
            draft.replace(file)
            drop_companions(file)
            damage_marker(file).unlink(missing_ok=True)
            _sync_to_disk(file.parent)
    return Repair(backup, copied)


def _require_ours(file: Path) -> None:
    """Raise ValueError if another program or a newer version made the file. Damage may hide who made it."""
    if not S_ISREG(file.stat().st_mode):
        message = "it is not a regular file"
        raise ValueError(message)
    with suppress(sqlite3.DatabaseError), closing(_connect_read_only(file)) as old:
        (version,) = old.execute("PRAGMA user_version").fetchone()
        tables = {name for (name,) in old.execute("SELECT name FROM sqlite_master")}
        if version > VERSION or (tables and "seen" not in tables):
            message = "it is the database of another program, or of a newer version of this one"
            raise ValueError(message)


def _connect_read_only(file: Path) -> sqlite3.Connection:
    """Connect without changing the file or its log."""
    return sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, isolation_level=None)


def _copy_rows(file: Path, new: sqlite3.Connection) -> CopiedRows:
    with closing(_connect_read_only(file)) as old:
        return copy_readable_rows(old, new)


@contextmanager
def _draft(file: Path, now: int) -> Iterator[tuple[Path, sqlite3.Connection]]:
    """Create a new file beside the old one, with the same owner, or the folder's. Remove it after a failure."""
    draft = file.with_name(f".{file.name}.{token_hex(8)}")
    try:
        new = connect(draft, now)
        with closing(new):
            owner = (file if file.exists() else file.parent).stat()
            if os.geteuid() != owner.st_uid or os.getegid() != owner.st_gid:
                os.chown(draft, owner.st_uid, owner.st_gid)
            yield draft, new
    finally:
        draft.unlink(missing_ok=True)
        drop_companions(draft)


def _link_backup(file: Path) -> Path:
    """Give the file and its companions a second name, so that there is always a file at the path."""
    backup = backup_path(file)
    for each, other in zip((file, *companions(file)), (backup, *companions(backup)), strict=True):
        with suppress(FileNotFoundError):
            other.hardlink_to(each)
    return backup


def _sync_to_disk(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
