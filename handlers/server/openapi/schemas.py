"""Schemas of the document, compiled once by jsonschema-rs.

OpenAPI 3.0 uses JSON Schema Draft 4 (`exclusiveMinimum` is true or false, 5.0 is not an integer), and adds keywords.
This module rewrites these: `nullable`, and the formats of numbers.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

from jsonschema_rs import Draft4Validator, RegexOptions, ValidationError

from handlers.server.openapi.unsupported import UnsupportedError

Schema = Mapping[str, Any]
"""A schema of the document. Its references are resolved."""

NOTES = frozenset({"title", "description", "example", "externalDocs", "deprecated", "writeOnly"})
"""Keywords that require nothing of a request."""

_REWRITTEN = frozenset({"nullable", "format", "default"})
_LISTS = ("allOf", "anyOf", "oneOf")

_NUMBERS: Mapping[str, tuple[str, Schema]] = {
    "int32": ("integer", {"minimum": -(2**31), "maximum": 2**31 - 1}),
    "int64": ("integer", {"minimum": -(2**63), "maximum": 2**63 - 1}),
    "float": ("number", {"minimum": -3.4028234663852886e38, "maximum": 3.4028234663852886e38}),
    "double": ("number", {"minimum": -1.7976931348623157e308, "maximum": 1.7976931348623157e308}),
}
"""The formats of numbers (OpenAPI 3.0.3, Data Types): type and range."""

_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def _is_uuid(text: str) -> bool:
    """8-4-4-4-12 hexadecimal digits (RFC 4122, section 3)."""
    return _UUID.fullmatch(text) is not None


def _is_byte(text: str) -> bool:
    """Base64 with padding (RFC 4648, section 4)."""
    try:
        b64decode(text, validate=True)
    except ValueError:
        return False
    return True


_OWN_FORMATS: Mapping[str, Callable[[str], bool]] = {"uuid": _is_uuid, "byte": _is_byte}
_TEXTS = frozenset({"date", "date-time", "email", "hostname", "ipv4", "ipv6", "uri", *_OWN_FORMATS})
_UNBOUND = frozenset({"password"})
"""Formats that only say how a program shows a value."""


def compiled(schema: Schema) -> Draft4Validator:
    """Compile a schema to a validator. It compares numbers exactly and matches patterns in linear time.

    Raises:
        UnsupportedError: A keyword or its value cannot be checked.
    """
    try:
        return Draft4Validator(
            _rewritten(schema),
            validate_formats=True,
            formats=dict(_OWN_FORMATS),
            ignore_unknown_formats=False,
            pattern_options=RegexOptions(),
        )
    except (ValidationError, ValueError) as error:
        if isinstance(error, UnsupportedError):
            raise
        raise _uncompiled(error) from error


def _uncompiled(error: ValidationError | ValueError) -> UnsupportedError:
    """Return the error for a keyword with a wrong value, such as a pattern that is invalid or needs backtracking."""
    keywords = [each for each in getattr(error, "instance_path", ()) if isinstance(each, str)]
    cause, _, _ = str(error).partition("\n")
    return UnsupportedError(keyword=keywords[-1] if keywords else "schema", why=f"cannot be compiled: {cause}")


def _rewritten(schema: Schema) -> dict[str, Any]:
    plain = {
        keyword: value
        for keyword, value in schema.items()
        if not keyword.startswith("x-") and keyword not in NOTES | _REWRITTEN
    }
    _rewrite_members(plain)
    if schema.get("nullable"):
        plain["type"] = _nullable_type(schema)
    if "format" in schema:
        plain["allOf"] = [*plain.get("allOf", ()), _format(schema)]
    return plain


def _rewrite_members(plain: dict[str, Any]) -> None:
    if "properties" in plain:
        plain["properties"] = {name: _rewritten(each) for name, each in plain["properties"].items()}
    for keyword in ("items", "not", "additionalProperties"):
        if isinstance(plain.get(keyword), dict):
            plain[keyword] = _rewritten(plain[keyword])
    for keyword in _LISTS:
        if keyword in plain:
            plain[keyword] = [_rewritten(each) for each in plain[keyword]]


def _nullable_type(schema: Schema) -> list[str]:
    """`nullable` only adds null to the `type` beside it (OpenAPI 3.0.3, Schema Object)."""
    if "type" not in schema:
        raise UnsupportedError(keyword="nullable", why="needs a type beside it")
    if None not in schema.get("enum", (None,)):
        raise UnsupportedError(keyword="nullable", why="the enum beside it lacks null")
    return [schema["type"], "null"]


def _format(schema: Schema) -> Schema:
    name, kind = schema["format"], schema.get("type")
    if name in _NUMBERS and kind == _NUMBERS[name][0]:
        return _NUMBERS[name][1]
    if kind == "string" and name in _UNBOUND:
        return {}
    if kind == "string" and name in _TEXTS:
        return {"format": name}
    raise UnsupportedError(keyword="format", why=f"{name} is not supported for type {kind}")
