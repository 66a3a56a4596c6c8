"""Checks at the start of a process that the trail can be written."""

import os
from errno import EDQUOT, ENOSPC
from pathlib import Path

from handlers.audit.files import LOCK
from handlers.audit.folder_lock import locked
from handlers.audit.open_file import create_new, new_name

FOLDER_MODE = 0o750
_FULL = frozenset({ENOSPC, EDQUOT})


def make_folder(folder: Path, group: int | None) -> None:
    """Make the folder if it is missing. Its group may read it.

    Raises:
        OSError: The folder cannot be made, or the process may not give files to this group.
    """
    if not folder.exists():
        folder.mkdir(FOLDER_MODE)
        if group is not None:
            os.chown(folder, -1, group)


def require_writable(folder: Path, group: int | None) -> None:
    """Require that this process can make files in the folder, and give them to the group.

    A full disk is no reason not to start, because it is handled while the server runs.

    Raises:
        OSError: It cannot. The error says why.
    """
    try:
        with locked(folder / LOCK):
            os.close(create_new(folder / LOCK, group))
            new_name(folder / LOCK).unlink()
    except OSError as error:
        if error.errno not in _FULL:
            raise
