"""Whether a request, as it went over the wire, is right by the internal document: a second reading of its rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from openapi_schema_validator import OAS30Validator

from tests.document import INTERNAL

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 16


@dataclass(frozen=True)
class Wire:
    """Header values without the white space around them, by name in lower case, and the body."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def operation(self) -> dict[str, Any] | None:
        """None if the path has no such method."""
        found: dict[str, Any] | None = INTERNAL["paths"][self.path].get(self.method.lower())
        return found

    @property
    def credentials(self) -> tuple[str, str]:
        """Of whoever asks, and of the call."""
        mine = "x-internal-authorization" if self.path == "/authorize" else "authorization"
        return self.headers.get(mine, ""), self.headers.get("authorization", "")


def is_right(wire: Wire) -> bool:
    """The method is one of the path's, the headers are of the document's form, and so is the body."""
    operation = wire.operation
    if operation is None:
        return False
    parameters = INTERNAL["paths"][wire.path].get("parameters", [])
    media_types = operation.get("requestBody", {}).get("content", {})
    return all(_header_is_right(wire, each) for each in parameters) and (
        FORM not in media_types or _form_is_right(wire, media_types[FORM]["schema"])
    )


def _header_is_right(wire: Wire, parameter: dict[str, Any]) -> bool:
    value = wire.headers.get(parameter["name"].lower())
    if not value:
        return not parameter.get("required")
    return bool(OAS30Validator(parameter["schema"]).is_valid(value))


def _form_is_right(wire: Wire, schema: dict[str, Any]) -> bool:
    media_type = wire.headers.get("content-type", FORM).partition(";")[0].lower()
    try:
        pairs = parse_qsl(wire.body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        return False
    alone = len(dict(pairs)) == len(pairs) <= MOST_FIELDS
    return media_type == FORM and alone and bool(OAS30Validator(schema).is_valid(dict(pairs)))
