"""One parameter of the document: its rules, and the name of the function's argument."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

from jsonschema_rs import Draft4Validator

from handlers.server.openapi.schemas import Schema, compiled
from handlers.server.openapi.unsupported import UnsupportedError, naming
from handlers.snap import json_body
from handlers.snap.codes import INVALID_FIELD_FORMAT, INVALID_MANDATORY_FIELD, SnapError

HEADER, PATH, QUERY, COOKIE = "header", "path", "query", "cookie"

_STYLES = {HEADER: "simple", PATH: "simple", QUERY: "form", COOKIE: "form"}
"""The default style of each place. No other style is supported (OpenAPI 3.0.3, Style Values)."""

_NOT_PARAMETERS = frozenset({"accept", "content-type", "authorization"})
"""OpenAPI ignores header parameters with these names (3.0.3, Parameter Object, `name`)."""

_IN_ROUTE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)

Reader = Callable[[str], object]
"""Converts a text to a value, or raises ValueError."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the document. `argument` is the name of the function's argument."""

    name: str
    place: str
    argument: str
    required: bool
    default: object
    read: Reader
    schema: Draft4Validator

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> "Parameter":
        """Compile one entry of `parameters`.

        Raises:
            UnsupportedError: A keyword or its value is not supported.
        """
        name, place = str(described["name"]), described["in"]
        with naming(f"{place} parameter {name}"):
            _require_plain(described)
            schema = described["schema"]
            parameter = cls(
                name=name,
                place=place,
                argument=argument_of(name, place),
                required=described.get("required", False),
                default=schema.get("default"),
                read=reader_of(schema),
                schema=compiled(schema),
            )
            parameter.require_usable_default("default" in schema)
        return parameter

    def check(self, text: str) -> object:
        """Convert and validate a value. An empty text counts as absent.

        Raises:
            SnapError: 400 02 if a mandatory value is absent. 400 01 if the value does not fit the schema.
        """
        if not text:
            if self.required:
                reason = "header.missing" if self.place == HEADER else "parameter.missing"
                raise SnapError(INVALID_MANDATORY_FIELD, field=self.name, reason=reason)
            return self.default
        try:
            value = self.read(text)
        except ValueError as error:
            raise self._malformed() from error
        if not self.schema.is_valid(value):
            raise self._malformed()
        return value

    def require_usable_default(self, given: bool) -> None:  # noqa: FBT001  a check of the class itself
        """Raise UnsupportedError for a default that is never used or does not fit the schema."""
        if given and (self.required or not self._accepts(self.default)):
            raise UnsupportedError(
                keyword="default", why="must fit the schema, and belongs to an optional parameter only"
            )

    def _accepts(self, value: object) -> bool:
        try:
            return self.schema.is_valid(value)
        except ValueError:  # YAML has values that JSON has not, such as dates.
            return False

    def _malformed(self) -> SnapError:
        reason = "header.malformed" if self.place == HEADER else "parameter.malformed"
        return SnapError(INVALID_FIELD_FORMAT, field=self.name, reason=reason)


def reader_of(schema: Schema) -> Reader:
    """Return the conversion of a text to the schema's type. Numbers and booleans are written as in JSON.

    Raises:
        UnsupportedError: The type is array or object, or is missing.
    """
    kind = schema.get("type")
    if schema.get("nullable"):
        raise UnsupportedError(keyword="nullable", why="a parameter is never null")
    if kind == "string":
        return str
    if kind in ("integer", "number", "boolean"):
        return json_body.literal
    raise UnsupportedError(keyword="type", why="must be string, integer, number or boolean")


def argument_of(name: str, place: str) -> str:
    """Return the argument name of a parameter: x_client_key for X-CLIENT-KEY, from_ for `from`.

    Raises:
        UnsupportedError: The name cannot become the name of an argument.
    """
    argument = re.sub(r"\W", "_", name.lower() if place == HEADER else name, flags=re.ASCII)
    if not argument.isidentifier():
        raise UnsupportedError(keyword="name", why="must begin with a letter")
    return f"{argument}_" if iskeyword(argument) else argument


def _require_plain(described: Mapping[str, Any]) -> None:
    place = described["in"]
    if place == HEADER and described["name"].lower() in _NOT_PARAMETERS:
        raise UnsupportedError(keyword="name", why="OpenAPI ignores a header parameter of this name")
    if place == PATH and not _IN_ROUTE.fullmatch(described["name"]):
        raise UnsupportedError(keyword="name", why="must have only letters, digits, - and _, and begin with a letter")
    if described.get("style", _STYLES[place]) != _STYLES[place]:
        raise UnsupportedError(keyword="style", why=f"must be {_STYLES[place]}")
    for keyword in ("allowEmptyValue", "allowReserved"):
        if described.get(keyword):
            raise UnsupportedError(keyword=keyword, why="is not supported")
