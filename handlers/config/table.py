"""The base of the tables of the settings, and the fields that several tables have."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _reject_boolean(value: object) -> object:
    if isinstance(value, bool):
        message = "Input should be a valid integer"
        raise ValueError(message)  # noqa: TRY004  pydantic reports ValueErrors only
    return value


def reject_dot_segments(value: str) -> str:
    """Return the path.

    Raises:
        ValueError: One of its segments is `.` or `..`.
    """
    if {".", ".."} & set(value.split("/")):
        message = "must not contain the path segments . and .."
        raise ValueError(message)
    return value


Integer = Annotated[int, BeforeValidator(_reject_boolean)]
"""An integer. `true` and `false` are rejected, although Python counts them as integers."""


Method = Annotated[str, Field(pattern=r"^[A-Z]{1,16}$")]


class Table(BaseModel):
    """The base of all tables: unknown keys are mistakes, and tables are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, validate_default=True)
