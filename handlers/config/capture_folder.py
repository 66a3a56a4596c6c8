"""The folder of captured requests (`[debug] capture_dir`), and the name of each file in it."""

import re
from hashlib import sha256
from pathlib import Path
from stat import S_ISDIR, S_IWGRP, S_IWOTH

_STEM_LENGTH = 32
FILE_STEM = re.compile(rf"[0-9a-f]{{{_STEM_LENGTH}}}")
_WRITABLE_BY_OTHERS = S_IWGRP | S_IWOTH


def capture_file(folder: Path, request_id: str) -> Path:
    """The HAR file of the request with this ID. An ID that a proxy chose in another format is hashed (SHA-256)."""
    stem = request_id if FILE_STEM.fullmatch(request_id) else sha256(request_id.encode()).hexdigest()[:_STEM_LENGTH]
    return folder / f"{stem}.har"


def require_folder(folder: Path, mode: str = "700") -> None:
    """Require a folder that only its owner can write to. The message of the error advises this mode.

    Raises:
        ValueError: The path is not a folder, or other users can write to it. The message says what to do.
    """
    try:
        status_mode = folder.stat().st_mode
    except OSError:
        status_mode = 0
    if status_mode and not S_ISDIR(status_mode):
        message = f"{folder} is a file; name a folder"
        raise ValueError(message)
    if not S_ISDIR(status_mode) or status_mode & _WRITABLE_BY_OTHERS:
        command = f"chmod {mode}" if S_ISDIR(status_mode) else f"mkdir -m {mode}"
        message = f"{folder} must be a folder that only its owner can write to; run: {command} {folder}"
        raise ValueError(message)
