"""Replaces a SQLite file that is damaged or missing with a new file, which gets all readable rows."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from handlers.state.sqlite.data_loss import CopiedRows, copy_readable_rows, record_data_loss
from handlers.state.sqlite.draft import draft_beside, sync_to_disk
from handlers.state.sqlite.file import DamagedError, connect, require_supported
from handlers.state.sqlite.locks import exclusive_lock
from handlers.state.sqlite.paths import companions, damage_marker, kept_path
from handlers.state.sqlite.reading import connect_read_only, require_ours, require_usable, version_of


@dataclass(frozen=True, slots=True)
class Repair:
    """The result: the path of the old file, if there was one, and the rows that were copied from it.

    `restored` are the rows of the backup.
    """

    kept: Path | None
    copied: CopiedRows
    restored: CopiedRows


def repair(path: Path, now: int) -> Repair:
    """Replace the file at the path. `now` counts as the time of the loss, in microseconds since 1970.

    A running server may have the old file open. It notices the new file within a second, and copies its own rows too.

    Raises:
        ValueError: The file belongs to another program, or to a newer version.
        BlockingIOError: Another process opens the file at this moment.
        sqlite3.Error: The new file cannot be written.
        OSError: A file cannot be created or moved.
    """
    return _replace(path.resolve(), now, None)


def restore(path: Path, backup: Path, now: int) -> Repair:
    """Replace the file at the path as `repair` does. The new file gets the rows of the backup too.

    The file at the path may belong to a newer version. Its rows that this version knows are copied.

    Raises:
        ValueError: The backup belongs to another program or to a newer version, or it is empty or damaged.
        Exception: See `repair`.
    """
    with closing(connect_read_only(backup)) as source:
        _require_readable(source)
        return _replace(path.resolve(), now, source)


def _require_readable(backup: sqlite3.Connection) -> None:
    try:
        require_usable(backup)
    except (DamagedError, sqlite3.Error) as error:
        message = "it cannot be read completely; use another backup"
        raise ValueError(message) from error


def _replace(file: Path, now: int, backup: sqlite3.Connection | None) -> Repair:
    with exclusive_lock(file):
        exists = file.exists()
        if exists:
            _require_replaceable(file, newer=backup is not None)
        with _draft(file, now) as (draft, new):
            copied = _copy_rows(file, new) if exists else CopiedRows()
            restored = copy_readable_rows(backup, new) if backup else CopiedRows()
            record_data_loss(new, now)
            new.execute("PRAGMA journal_mode = DELETE")  # So that the draft is one complete file.
            new.close()
            kept = _link_aside(file) if exists else None
            log, index = companions(file)
            log.unlink(missing_ok=True)  # Before the file gets its name: SQLite would apply an old log to it.
            draft.replace(file)
            index.unlink(missing_ok=True)  # An index alone is a sign of a loss, for a process that opens the file now.
            damage_marker(file).unlink(missing_ok=True)
            sync_to_disk(file.parent)
    return Repair(kept, copied, restored)


def _require_replaceable(file: Path, *, newer: bool) -> None:
    """Raise ValueError if another program made the file, or, unless `newer`, a newer version.

    Damage may hide who made it.
    """
    with suppress(sqlite3.DatabaseError), closing(connect_read_only(file)) as old:
        require_ours(old)
        if not newer:
            require_supported(version_of(old))


def _copy_rows(file: Path, new: sqlite3.Connection) -> CopiedRows:
    with closing(connect_read_only(file)) as old:
        return copy_readable_rows(old, new)


@contextmanager
def _draft(file: Path, now: int) -> Iterator[tuple[Path, sqlite3.Connection]]:
    with draft_beside(file) as draft, closing(connect(draft, now)) as new:
        yield draft, new


def _link_aside(file: Path) -> Path:
    """Give the file and its companions a second name, so that there is always a file at the path."""
    kept = kept_path(file)
    for each, other in zip((file, *companions(file)), (kept, *companions(kept)), strict=True):
        with suppress(FileNotFoundError):
            other.hardlink_to(each)
    return kept
