"""Makes a backup of the SQLite file while servers use it."""

import os
import sqlite3
from contextlib import closing
from errno import EEXIST
from pathlib import Path

from handlers.state.sqlite.draft import draft_beside, sync_to_disk
from handlers.state.sqlite.file import BACKUP_NUMBER, DamagedError, is_damage
from handlers.state.sqlite.locks import BUSY_SECONDS, LockWait, exclusive_lock
from handlers.state.sqlite.paths import names_beside, require_access
from handlers.state.sqlite.reading import require_ours, require_usable


def back_up(path: Path, target: Path) -> None:
    """Write a copy of the file at `path` to the new file `target`, with mode 0600.

    The copy has every row that was committed when it began, and no part of a later transaction. Servers read and write
    meanwhile. Nothing is at `target` until the copy is complete and on the disk.

    Raises:
        FileExistsError: There is a file at `target`.
        ValueError: The file belongs to another program, user or newer version, or it is empty. Or `target` has the name
            of one of the files beside it.
        DamagedError: The file is damaged.
        LockedError: Another process locks the file or its folder.
        sqlite3.Error, OSError: The file cannot be read, or the copy cannot be written.
    """
    _require_absent(target)
    _require_other_name(path, target)
    with draft_beside(target, gives=os.geteuid() == 0) as draft:
        try:
            _copy(path, draft)
        except sqlite3.Error as error:
            if is_damage(error):
                raise DamagedError(error) from error
            raise
        sync_to_disk(draft)
        _require_absent(target)
        draft.rename(target)
        sync_to_disk(target.absolute().parent)


def _require_absent(target: Path) -> None:
    if os.path.lexists(target):
        raise FileExistsError(EEXIST, os.strerror(EEXIST))


def _require_other_name(path: Path, target: Path) -> None:
    """Raise ValueError if the next start would take a file at `target` for a part of the state file."""
    names = {each.name for each in names_beside(path)}
    if target.name in names and target.parent.is_dir() and target.parent.samefile(path.resolve().parent):
        message = "the state store itself uses a file of this name; name another file"
        raise ValueError(message)


def _copy(path: Path, draft: Path) -> None:
    with (
        closing(LockWait(path, BUSY_SECONDS).retry(lambda: _connected(path))) as source,
        closing(sqlite3.connect(draft, isolation_level=None)) as copy,
    ):
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # So that the copy is one complete file.
        require_usable(copy)
        copy.execute(f"PRAGMA application_id = {BACKUP_NUMBER}")


def _connected(path: Path) -> sqlite3.Connection:
    """Connect to the file as a server does, but create no file and change no row.

    The first query opens SQLite's other files. Without the lock, a starting server could take them for a loss of data.
    """
    require_access(path)
    with exclusive_lock(path):
        connection = sqlite3.connect(f"{path.resolve(strict=True).as_uri()}?mode=rw", uri=True, isolation_level=None)
        try:
            require_ours(connection)
        except BaseException:
            connection.close()
            raise
    return connection
