"""A new file of SQLite in the place of one that is damaged or gone, with what can still be read."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from stat import S_ISREG
from urllib.parse import quote

from handlers.state.sqlite.data_loss import Carried, carry_over, refuse_what_was_before
from handlers.state.sqlite.file import VERSION, companions, connect, drop_companions, kept_path, mark_of_damage
from handlers.state.sqlite.locks import alone_with


@dataclass(frozen=True, slots=True)
class Repair:
    """What came of it: where the old file is kept, if there was one, and what was carried over from it."""

    kept: Path | None
    carried: Carried


def repair(path: Path, now: int) -> Repair:
    """Put a new file in the place of the one at the path; `now`, in microseconds, is when the memory counts as lost.

    A server may have the old file open: it sees the new one within a second, and carries over what it knows beside.

    Raises:
        ValueError: it is no file of ours.
        BlockingIOError: another process is opening it at this moment.
        sqlite3.Error: the new file cannot be written.
        OSError: a file cannot be made or moved.
    """
    file = path.resolve()
    with alone_with(file):
        there = file.exists()
        if there:
            _require_ours(file)
        with _draft(file, now) as (draft, new):
            carried = _salvaged(file, new) if there else Carried()
            refuse_what_was_before(new, now)
            new.execute("PRAGMA journal_mode = DELETE")  # So that the draft is one file, and whole.
            new.close()
            kept = _keep(file) if there else None
            draft.replace(file)
            drop_companions(file)
            mark_of_damage(file).unlink(missing_ok=True)
            _synchronise(file.parent)
    return Repair(kept, carried)


def _require_ours(file: Path) -> None:
    """ValueError if it is of another program or of a newer version; damage may hide that it is ours."""
    if not S_ISREG(file.stat().st_mode):
        message = "it is no regular file"
        raise ValueError(message)
    with suppress(sqlite3.DatabaseError), closing(_reading(file)) as old:
        (version,) = old.execute("PRAGMA user_version").fetchone()
        tables = {name for (name,) in old.execute("SELECT name FROM sqlite_master")}
        if version > VERSION or (tables and "seen" not in tables):
            message = "it is the database of another program, or of a newer version of this one"
            raise ValueError(message)


def _reading(file: Path) -> sqlite3.Connection:
    """Nothing of the file changes, its log included."""
    return sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, isolation_level=None)


def _salvaged(file: Path, new: sqlite3.Connection) -> Carried:
    with closing(_reading(file)) as old:
        return carry_over(old, new)


@contextmanager
def _draft(file: Path, now: int) -> Iterator[tuple[Path, sqlite3.Connection]]:
    """A new file beside, of the owner of the old one, or of the folder's; nothing of it is left if that fails."""
    draft = file.with_name(f".{file.name}.{token_hex(8)}")
    try:
        new = connect(draft, now)
        with closing(new):
            like = (file if file.exists() else file.parent).stat()
            if os.geteuid() != like.st_uid or os.getegid() != like.st_gid:
                os.chown(draft, like.st_uid, like.st_gid)
            yield draft, new
    finally:
        draft.unlink(missing_ok=True)
        drop_companions(draft)


def _keep(file: Path) -> Path:
    """A second name for the file and its companions: the path is never without a file."""
    kept = kept_path(file)
    for each, other in zip((file, *companions(file)), (kept, *companions(kept)), strict=True):
        with suppress(FileNotFoundError):
            other.hardlink_to(each)
    return kept


def _synchronise(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
