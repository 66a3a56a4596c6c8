"""The field of the settings that names a file with members for refusals. Reading the settings also reads the file."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, InstanceOf

from handlers.config.file_content import read_text
from handlers.config.key_files import in_folder
from handlers.snap.refusal_members import RefusalMembers


def _refusal_members(value: object) -> RefusalMembers:
    if not isinstance(value, str | Path):
        message = "must be the path of a file"
        raise ValueError(message)  # noqa: TRY004  pydantic reports ValueErrors only
    path = in_folder(value)
    text = read_text(path)
    try:
        return RefusalMembers.parse(text)
    except ValueError as error:
        message = f"{path}: {error}"
        raise ValueError(message) from error


RefusalMembersFile = Annotated[InstanceOf[RefusalMembers], BeforeValidator(_refusal_members)]
