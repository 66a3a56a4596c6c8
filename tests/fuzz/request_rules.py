"""Whether a sent request is valid by the internal document: an independent implementation of its rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from openapi_schema_validator import OAS30Validator

from tests.document import INTERNAL

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 16


@dataclass(frozen=True)
class RawRequest:
    """A request as it was sent. Header names are in lower case, and values have no surrounding white space."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def operation(self) -> dict[str, Any] | None:
        """The operation in the document, or None if the path has no such method."""
        operation: dict[str, Any] | None = INTERNAL["paths"][self.path].get(self.method.lower())
        return operation

    @property
    def credentials(self) -> tuple[str, str]:
        """The proxy's secret, and the call's token with its scheme."""
        secret_header = "x-internal-authorization" if self.path == "/authorize" else "authorization"
        return self.headers.get(secret_header, ""), self.headers.get("authorization", "")


def is_valid(request: RawRequest) -> bool:
    """Return whether the path has the method, and headers and body have the format of the document."""
    operation = request.operation
    if operation is None:
        return False
    parameters = INTERNAL["paths"][request.path].get("parameters", [])
    media_types = operation.get("requestBody", {}).get("content", {})
    return all(_header_is_valid(request, each) for each in parameters) and (
        FORM not in media_types or _form_is_valid(request, media_types[FORM]["schema"])
    )


def _header_is_valid(request: RawRequest, parameter: dict[str, Any]) -> bool:
    value = request.headers.get(parameter["name"].lower())
    if not value:
        return not parameter.get("required")
    return bool(OAS30Validator(parameter["schema"]).is_valid(value))


def _form_is_valid(request: RawRequest, schema: dict[str, Any]) -> bool:
    media_type = request.headers.get("content-type", FORM).partition(";")[0].lower()
    try:
        pairs = parse_qsl(request.body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        return False
    each_once = len(dict(pairs)) == len(pairs) <= MOST_FIELDS
    return media_type == FORM and each_once and bool(OAS30Validator(schema).is_valid(dict(pairs)))
