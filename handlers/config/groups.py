"""The field of the settings for a group of the system."""

import grp
from typing import Annotated

from pydantic import BeforeValidator

LARGEST_ID = 2**32 - 2
"""The next number means "do not change" (chown(2))."""


def _group(value: object) -> object:
    """The ID of a group, from its name or its number in text."""
    if value is None:
        return None
    if not isinstance(value, str):
        message = "must be the name of a group, in quotes"
        raise ValueError(message)  # noqa: TRY004  pydantic reports ValueErrors only
    return _number(int(value)) if value.isdecimal() else _named(value)


def _number(number: int) -> int:
    if number > LARGEST_ID:
        message = f"the number of a group is {LARGEST_ID} at most"
        raise ValueError(message)
    return number


def _named(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except (KeyError, ValueError) as error:  # ValueError: a zero byte
        message = "this system has no group of this name"
        raise ValueError(message) from error


GroupId = Annotated[int | None, BeforeValidator(_group)]
"""None without a group."""
