"""The fields of the settings for a Unix socket: its path and its mode."""

import os
from pathlib import Path
from stat import S_ISDIR, S_ISVTX, S_IWOTH
from typing import Annotated, Literal

from pydantic import BeforeValidator

from handlers.config.key_files import in_folder

LONGEST_PATH = 107
"""Maximum length of the path of a socket, in bytes (unix(7): `sun_path` has 108, and the last one is zero)."""

SocketMode = Literal["0600", "0660"]
"""Nobody but the owner and the group can connect. The server believes such a peer, so others never get access."""

MODES: dict[SocketMode, int] = {"0600": 0o600, "0660": 0o660}


def _socket_path(value: object) -> Path | None:
    if value is None:
        return None
    if not isinstance(value, str | Path) or not str(value):
        message = "must be the path of a socket"
        raise ValueError(message)
    path = in_folder(value)
    if len(os.fsencode(path)) > LONGEST_PATH or "\0" in str(path):
        message = f"{path} must have at most {LONGEST_PATH} bytes; choose a shorter path, such as /run/snap-token/NAME"
        raise ValueError(message)
    _require_folder(path.parent)
    return path


def _require_folder(folder: Path) -> None:
    """Require a folder in which other users cannot put another socket in the place of this one."""
    try:
        mode = folder.stat().st_mode
    except OSError as error:
        message = f"the folder {folder} cannot be used: {error.strerror}; make it, or choose another one"
        raise ValueError(message) from error
    if not S_ISDIR(mode):
        message = f"{folder} is no folder; choose another path"
        raise ValueError(message)
    if mode & S_IWOTH and not mode & S_ISVTX:
        message = f"every user can replace files in {folder}; run: chmod o-w {folder}"
        raise ValueError(message)


SocketFile = Annotated[Path | None, BeforeValidator(_socket_path)]
