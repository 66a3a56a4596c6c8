"""The table of the audit trail: its folder, its key and its rules."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, InstanceOf
from pydantic_settings import NoDecode

from handlers.audit.checkpoint import CheckpointKey
from handlers.config.capture_folder import require_folder
from handlers.config.file_content import read_bytes
from handlers.config.groups import GroupId
from handlers.config.key_files import in_folder, key_path
from handlers.config.table import Boolean, Integer, Table

SMALLEST_FILE = 1_024
LARGEST_FILE = 1_073_741_824
_FOLDER_MODE = "750"


def _audit_folder(value: object) -> Path:
    """The folder. It may be missing if it can be made: then the server makes it at its start."""
    if not isinstance(value, str | Path):
        message = "must be the path of a folder"
        raise ValueError(message)  # noqa: TRY004  pydantic reports ValueErrors only
    folder = in_folder(value)
    if os.path.lexists(folder) or not folder.parent.is_dir():
        require_folder(folder, _FOLDER_MODE)
    return folder


def _checkpoint_key(value: object) -> CheckpointKey:
    path = key_path(value)
    content = read_bytes(path, private=True)
    try:
        return CheckpointKey.parse(content)
    except ValueError as error:
        message = f"{path}: {error}; create one with: snap-token audit keygen FILE"
        raise ValueError(message) from error


class Audit(Table):
    """The audit trail. Without this table the server writes none.

    `dir` is the folder of its files. `key_file` has the Ed25519 private key that signs checkpoints. `when_full` says
    how requests are answered while the trail cannot be written. With `durable`, a line is on disk before the answer
    leaves. `group` may read the files. A file is closed when it has `rotate_bytes`.
    """

    dir: Annotated[Path, BeforeValidator(_audit_folder)]
    key_file: Annotated[InstanceOf[CheckpointKey], BeforeValidator(_checkpoint_key), NoDecode] = Field(repr=False)
    when_full: Literal["refuse", "continue"] = "refuse"
    durable: Boolean = False
    group: GroupId = None
    rotate_bytes: Integer = Field(67_108_864, ge=SMALLEST_FILE, le=LARGEST_FILE)
