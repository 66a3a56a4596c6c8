"""The base of the tables of the settings, and the fields that several tables have."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.fields import FieldInfo
from pydantic_core import PydanticKnownError


def _reject_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticKnownError("int_type")  # noqa: EM101  a type of mistakes, no message
    return value


Integer = Annotated[int, BeforeValidator(_reject_boolean)]
"""An integer. `true` and `false` are rejected, although Python counts them as integers."""


class Table(BaseModel):
    """The base of all tables: unknown keys are mistakes, and tables are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, validate_default=True)

    @classmethod
    def named_fields(cls) -> Mapping[str, FieldInfo]:
        """The fields by the names that the settings file has for them."""
        return {each.alias or name: each for name, each in cls.model_fields.items()}
