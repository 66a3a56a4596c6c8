"""The base of the tables of the settings, and the fields that several tables have."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.fields import FieldInfo
from pydantic_core import PydanticKnownError


class VariableText(str):
    """The value of an environment variable. It is text, even where the file has a number, or true or false."""

    __slots__ = ()


def _require_integer(value: object) -> object:
    if isinstance(value, VariableText) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise PydanticKnownError("int_type")  # noqa: EM101  a type of mistakes, no message


def _require_boolean(value: object) -> object:
    if isinstance(value, VariableText | bool):
        return value
    raise PydanticKnownError("bool_type")  # noqa: EM101  the same


Integer = Annotated[int, BeforeValidator(_require_integer)]
"""An integer of TOML. Pydantic alone would also accept `"80"`, `80.0` and `true`."""

Boolean = Annotated[bool, BeforeValidator(_require_boolean)]
"""`true` or `false` of TOML. Pydantic alone would also accept `"yes"` and `1`."""


class Table(BaseModel):
    """The base of all tables: unknown keys are mistakes, and tables are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, validate_default=True)

    @classmethod
    def named_fields(cls) -> Mapping[str, FieldInfo]:
        """The fields by the names that the settings file has for them."""
        return {each.alias or name: each for name, each in cls.model_fields.items()}
