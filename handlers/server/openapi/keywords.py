"""The supported keywords of OpenAPI 3.0.3. Any other keyword stops the start, so that nothing is ignored."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connexion.http_facts import METHODS

from handlers.server.openapi.schemas import NOTES
from handlers.server.openapi.unsupported import UnsupportedError, naming

Node = Mapping[str, Any]

_DOCUMENT = frozenset({"openapi", "info", "servers", "tags", "externalDocs", "paths", "components", "security"})
_PATH_ITEM = frozenset({"summary", "description", "parameters", *METHODS})
_OPERATION = frozenset(
    {
        *("tags", "summary", "description", "externalDocs", "deprecated", "operationId"),
        *("parameters", "requestBody", "responses", "security"),
    }
)
_PARAMETER = frozenset(
    {
        *("name", "in", "description", "required", "deprecated", "example", "examples"),
        *("schema", "style", "explode", "allowEmptyValue", "allowReserved"),
    }
)
_REQUEST_BODY = frozenset({"description", "content", "required"})
_MEDIA_TYPE = frozenset({"schema", "example", "examples"})
_SCHEMA = NOTES | frozenset(
    {
        *("type", "format", "enum", "nullable", "allOf", "anyOf", "oneOf", "not"),
        *("multipleOf", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"),
        *("minLength", "maxLength", "pattern"),
        *("items", "minItems", "maxItems", "uniqueItems"),
        *("properties", "additionalProperties", "required", "minProperties", "maxProperties"),
    }
)
_REQUESTABLE = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|\{[^{}/]*\})*)+")
"""Paths that a request can have (RFC 3986, 3.3), and templates of them. The server refuses escapes such as `%20`."""

_TYPES = ("string", "integer", "number", "boolean", "array", "object")
_BODILESS = frozenset({"get", "head", "delete", "trace"})
"""The body of these requests has no meaning (RFC 9110, section 9.3), and OpenAPI 3.0 ignores it."""


def require_document(document: Node) -> None:
    """Check the keywords of a document, except those of its operations.

    Raises:
        UnsupportedError: A keyword is not supported. The error has the first one.
    """
    if not str(document.get("openapi")).startswith("3.0."):
        raise UnsupportedError(keyword="openapi", why="only 3.0 is supported")
    _require(document, _DOCUMENT)
    for path, item in document["paths"].items():
        with naming(path):
            if not _REQUESTABLE.fullmatch(path):
                raise UnsupportedError(keyword="paths", why="no request can have this path")
            _require(item, _PATH_ITEM)


def require_operation(method: str, operation: Node, shared: Sequence[Node]) -> None:
    """Check the keywords of an operation and of its path's parameters, whose references are resolved.

    Responses are not checked.

    Raises:
        UnsupportedError: A keyword is not supported. The error has the first one.
    """
    _require(operation, _OPERATION)
    own = operation.get("parameters", ())
    for parameters in (own, shared):
        _require_distinct(parameters)
    for parameter in (*own, *shared):
        with naming(f"{parameter.get('in')} parameter {parameter.get('name')}"):
            _require(parameter, _PARAMETER)
            if "schema" not in parameter:
                raise UnsupportedError(keyword="schema", why="is missing")
            _require_schema(parameter["schema"], _SCHEMA | {"default"})
    if method in _BODILESS and "requestBody" in operation:
        raise UnsupportedError(keyword="requestBody", why=f"{method.upper()} has none")
    if "requestBody" in operation:
        with naming("requestBody"):
            _require_body(operation["requestBody"])


def _require_distinct(parameters: Sequence[Node]) -> None:
    keys = [(each["in"], each["name"].lower() if each["in"] == "header" else each["name"]) for each in parameters]
    for place, name in keys:
        if keys.count((place, name)) > 1:
            raise UnsupportedError(keyword="parameters", why=f"the {place} parameter {name} comes twice")


def _require_body(body: Node) -> None:
    _require(body, _REQUEST_BODY)
    if not body["content"]:
        raise UnsupportedError(keyword="content", why="names no media type")
    for media_type, content in body["content"].items():
        with naming(media_type):
            _require(content, _MEDIA_TYPE)
            _require_schema(content.get("schema", {}))


def _require_schema(schema: Node, known: frozenset[str] = _SCHEMA) -> None:
    _require(schema, known)
    _require_dialect(schema)
    for name, each in _members(schema):
        with naming(name):
            _require_schema(each)


def _require_dialect(schema: Node) -> None:
    """Check keywords whose values differ in other versions of OpenAPI."""
    if schema.get("type", "object") not in _TYPES:
        raise UnsupportedError(keyword="type", why=f"must be one of {', '.join(_TYPES)}")
    if not isinstance(schema.get("items", {}), dict):
        raise UnsupportedError(keyword="items", why="must be one schema")
    for keyword, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if keyword in schema and not (isinstance(schema[keyword], bool) and limit in schema):
            raise UnsupportedError(keyword=keyword, why=f"must be true or false, beside {limit}")


def _members(schema: Node) -> Iterator[tuple[str, Node]]:
    yield from schema.get("properties", {}).items()
    for keyword in ("items", "not", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield keyword, schema[keyword]
    for keyword in ("allOf", "anyOf", "oneOf"):
        yield from ((keyword, each) for each in schema.get(keyword, ()))


def _require(node: Node, known: frozenset[str]) -> None:
    for keyword in node:
        if keyword not in known and not str(keyword).startswith("x-"):
            raise UnsupportedError(keyword=str(keyword), why="is not supported")
