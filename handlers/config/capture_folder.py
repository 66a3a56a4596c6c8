"""The folder of captured requests (`[debug] capture_dir`), and the name of each file in it."""

import re
from hashlib import sha256
from pathlib import Path
from stat import S_ISDIR, S_IWGRP, S_IWOTH

_LENGTH_OF_A_NAME = 32
FILE_STEM = re.compile(rf"[0-9a-f]{{{_LENGTH_OF_A_NAME}}}")
_FOLDER_OF_ITS_OWNER = S_IWGRP | S_IWOTH


def capture_file(folder: Path, request_id: str) -> Path:
    """Where a request of this id is kept. If the id is not of our form, the file is named by a digest of it."""
    name = (
        request_id if FILE_STEM.fullmatch(request_id) else sha256(request_id.encode()).hexdigest()[:_LENGTH_OF_A_NAME]
    )
    return folder / f"{name}.har"


def require_folder(folder: Path) -> None:
    """ValueError, with what to do, if it is no folder, or others can write into it."""
    try:
        mode = folder.stat().st_mode
    except OSError:
        mode = 0
    if not S_ISDIR(mode) or mode & _FOLDER_OF_ITS_OWNER:
        message = f"{folder} must be a folder that its owner alone can write into; run: mkdir -m 700 {folder}"
        raise ValueError(message)
