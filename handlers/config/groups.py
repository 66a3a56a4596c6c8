"""The field of the settings for a group of the system."""

import grp
from typing import Annotated

from pydantic import BeforeValidator


def _group(value: object) -> object:
    """The ID of a group, from its name or its number in text."""
    if value is None:
        return None
    if not isinstance(value, str):
        message = "must be the name of a group, in quotes"
        raise ValueError(message)  # noqa: TRY004  pydantic reports ValueErrors only
    try:
        return int(value) if value.isdecimal() else grp.getgrnam(value).gr_gid
    except KeyError as error:
        message = "this system has no group of this name"
        raise ValueError(message) from error


GroupId = Annotated[int | None, BeforeValidator(_group)]
"""None without a group."""
