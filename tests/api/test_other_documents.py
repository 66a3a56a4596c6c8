"""Documents that say what ours do not, one keyword each: it is checked, or it stops the start."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from handlers.server.openapi.internal_api import HAND_OVER
from handlers.server.openapi.unsupported import UnsupportedError
from tests.documents import Node, Served, body, document, json_body, json_member, operation, parameter, served

JSON, FORM, TEXT = "application/json", "application/x-www-form-urlencoded", "text/plain"
BAD, MALFORMED, MISSING, TYPE = "4009900", "4009901", "4009902", "4159900"
STRING, INTEGER = {"type": "string"}, {"type": "integer"}
NOT_JSON = (BAD, "Bad Request")


def malformed(name: str) -> tuple[str, str]:
    """The refusal of a field that is not of its schema."""
    return MALFORMED, f"Invalid Field Format {name}"


def missing(name: str) -> tuple[str, str]:
    """The refusal of a mandatory field that is absent or empty."""
    return MISSING, f"Invalid Mandatory Field {name}"


def typed(media_type: str) -> dict[str, Any]:
    """The header of a media type."""
    return {"headers": [("content-type", media_type)]}


@pytest.fixture
def serve(tmp_path: Path) -> Callable[[Node], Served]:
    """Serves a document."""
    return lambda content: served(content, tmp_path)


QUERY = [
    (parameter(), "", {"limit": None}),
    (parameter(), "?limit=", {"limit": None}),
    (parameter(), "?limit=7&other=x", {"limit": 7}),
    (parameter(), "?limit=x", malformed("limit")),
    (parameter(), "?limit=7.5", malformed("limit")),
    (parameter(), "?limit=%207", malformed("limit")),
    (parameter(), "?limit=null", malformed("limit")),
    (parameter(), "?limit=[1]", malformed("limit")),
    (parameter(), "?limit=NaN", malformed("limit")),
    (parameter(), "?limit=1&limit=2", NOT_JSON),
    (parameter(), "?limit=%FF", NOT_JSON),
    (parameter(), "?limit=" + "9" * 1_000, {"limit": Decimal("9" * 1_000)}),
    (parameter(required=True), "", missing("limit")),
    (parameter(schema={"type": "integer", "default": 5}), "", {"limit": 5}),
    (parameter(schema={"type": "integer", "maximum": 5}), "?limit=6", malformed("limit")),
    (parameter(schema={"type": "integer", "maximum": 5, "exclusiveMaximum": True}), "?limit=5", malformed("limit")),
    (parameter(schema={"type": "number", "multipleOf": 0.1}), "?limit=0.3", {"limit": Decimal("0.3")}),
    (parameter(schema={"type": "number"}), "?limit=0.1000000000000000055", {"limit": Decimal("0.1000000000000000055")}),
    (parameter(schema={"type": "boolean"}), "?limit=true", {"limit": True}),
    (parameter(schema={"type": "boolean"}), "?limit=True", malformed("limit")),
    (parameter(schema=STRING), "?limit=a%20b", {"limit": "a b"}),
    (parameter(schema={"type": "string", "format": "date"}), "?limit=2026-02-29", malformed("limit")),
    (parameter("from", schema=STRING), "?from=a", {"from_": "a"}),
    (parameter("page-size", schema=STRING, style="form", explode=False), "?page-size=a", {"page_size": "a"}),
]


@pytest.mark.parametrize(("content", "query", "outcome"), QUERY)
def test_a_query_parameter_is_checked(
    serve: Callable[[Node], Served], content: Node, query: str, outcome: object
) -> None:
    """A parameter of the query is handed over in its type, or refused; others are ignored."""
    assert serve(content).outcome(f"/things{query}") == outcome


COOKIES = [
    (parameter(place="cookie"), [("cookie", "a=b; limit=7")], {"limit": 7}),
    (parameter(place="cookie"), [("cookie", "limit=x")], malformed("limit")),
    (parameter(place="cookie", required=True), [], missing("limit")),
    (parameter(place="cookie"), [("cookie", "limit=1; limit=2")], NOT_JSON),
    (parameter(place="cookie"), [("cookie", "limit=1"), ("cookie", "a=2")], NOT_JSON),
    (parameter("X-Limit", "header"), [("x-limit", "7")], {"x_limit": 7}),
    (parameter("X-Limit", "header"), [("x-limit", "x")], malformed("X-Limit")),
    (parameter("X-Limit", "header"), [("x-limit", "[" * 10_000)], malformed("X-Limit")),
    (parameter("X-Limit", "header"), [("x-limit", "9" * 5_000)], {"x_limit": Decimal("9" * 5_000)}),
    (parameter("X-Limit", "header", required=True), [("x-limit", "")], missing("X-Limit")),
    (parameter("X-Limit", "header"), [("x-limit", "1"), ("x-limit", "1")], NOT_JSON),
]


@pytest.mark.parametrize(("content", "headers", "outcome"), COOKIES)
def test_a_cookie_and_a_typed_header_are_checked(
    serve: Callable[[Node], Served], content: Node, headers: list[tuple[str, str]], outcome: object
) -> None:
    """A cookie or a header is handed over in its type, or refused."""
    assert serve(content).outcome(headers=headers) == outcome


def _templated(path: str = "/things/{thing-id}", schema: Node | None = None) -> Node:
    described = {"name": "thing-id", "in": "path", "required": True, "schema": schema or INTEGER}
    return document(path=path, parameters=[described])


@pytest.mark.parametrize(
    ("schema", "value", "outcome"),
    [
        (INTEGER, "7", {"thing_id": 7}),
        (INTEGER, "x", malformed("thing-id")),
        (INTEGER, "9" * 1_000, {"thing_id": Decimal("9" * 1_000)}),
        ({"type": "number"}, "+.5", malformed("thing-id")),
        ({"type": "number"}, "0.10", {"thing_id": Decimal("0.10")}),
        ({"type": "string", "pattern": "^[a-z]+$"}, "abc", {"thing_id": "abc"}),
        ({"type": "string", "pattern": "^[a-z]+$"}, "a1", malformed("thing-id")),
        (STRING, "", ("4049900", "Not Found")),
        (STRING, "a/b", ("4049900", "Not Found")),
        (STRING, "a/", ("4049900", "Not Found")),
    ],
)
def test_a_path_template_is_served(serve: Callable[[Node], Served], schema: Node, value: str, outcome: object) -> None:
    """A parameter in the path is handed over in its type, or refused; it is one segment."""
    assert serve(_templated(schema=schema)).outcome(f"/things/{value}") == outcome


def test_a_template_has_limits_body_and_methods_as_other_paths(serve: Callable[[Node], Served]) -> None:
    """A path that is a template makes no difference to anything else."""
    content = _templated()
    content["paths"]["/things/{thing-id}"]["post"]["requestBody"] = {
        "required": True,
        "content": {JSON: {"schema": {"type": "object"}}},
    }
    application = serve(content)
    assert application.outcome("/things/7", b"{") == NOT_JSON
    assert application.outcome("/things/7", b'{"a":"' + b"a" * 20_000 + b'"}')[0] == "4139900"
    refusal = application.ask("/things/7", method="GET")
    assert (refusal.status_code, refusal.headers["allow"]) == (405, "POST")


def test_a_concrete_path_is_found_before_a_template(serve: Callable[[Node], Served]) -> None:
    """The order in the document does not matter (OpenAPI 3.0.3, Path Templating Matching)."""
    content = _templated()
    content["paths"]["/things/new"] = {"post": operation("other")}
    application = serve(content)
    assert application.outcome("/things/new") == {}
    assert application.outcome("/things/7") == {"thing_id": 7}


def test_a_parameter_of_the_operation_stands_for_that_of_its_path(serve: Callable[[Node], Served]) -> None:
    """Parameters of a path count for its operations, unless these have one of the same name and place."""
    shared = [{"name": each, "in": "query", "required": True, "schema": INTEGER} for each in ("limit", "page")]
    own = [{"name": "limit", "in": "query", "schema": STRING}]
    content = document(item={"parameters": shared, "post": operation(parameters=own), "get": operation("other")})
    application = serve(content)
    assert application.outcome("/things?page=1&limit=x") == {"page": 1, "limit": "x"}
    assert application.outcome("/things?limit=1", method="GET") == missing("page")


@pytest.mark.parametrize("method", ["get", "put", "delete", "options", "head", "patch", "trace"])
def test_each_method_is_served_and_no_other(serve: Callable[[Node], Served], method: str) -> None:
    """The methods in the document are served. Other methods, HEAD included, get a 405 with the list of methods."""
    application = serve(document(item={method: operation(), "post": operation("other")}))
    assert application.ask(method=method.upper()).status_code == 200
    other = application.ask(method="HEAD" if method == "get" else "GET" if method == "head" else "HEAD")
    if method != "head":
        assert other.status_code == 405
        assert other.headers["allow"] == ", ".join(sorted([method.upper(), "POST"]))


BODIES = [
    # Numbers reach the schema as numbers, exactly.
    (json_member(INTEGER), b'{"a":5}', 5),
    (json_member(INTEGER), b'{"a":"5"}', malformed("a")),
    (json_member(INTEGER), b'{"a":5.5}', malformed("a")),
    (json_member(INTEGER), b'{"a":5.0}', malformed("a")),
    (json_member(INTEGER), b'{"a":' + b"9" * 4_301 + b"}", Decimal("9" * 4_301)),
    (json_member({"type": "integer", "maximum": 10}), b'{"a":' + b"9" * 4_301 + b"}", malformed("a")),
    (json_member({"type": "number", "maximum": 0.3}), b'{"a":0.30000000000000000001}', malformed("a")),
    (json_member({"type": "number", "maximum": 0.3}), b'{"a":0.3}', Decimal("0.3")),
    (json_member({"type": "number", "minimum": 5, "exclusiveMinimum": True}), b'{"a":5}', malformed("a")),
    (json_member({"type": "number", "multipleOf": 0.01}), b'{"a":1.15}', Decimal("1.15")),
    (json_member({"type": "number", "multipleOf": 0.01}), b'{"a":1.155}', malformed("a")),
    (json_member({"type": "number"}), b'{"a":1e400}', Decimal("1e400")),
    (json_member({"type": "number", "maximum": 5}), b'{"a":1e9999999999999999999999}', malformed("a")),
    (json_member({"type": "number", "minimum": 5}), b'{"a":1e-9999999999999999999999}', malformed("a")),
    (json_member({"enum": [5]}), b'{"a":5.0}', Decimal("5.0")),
    (json_member(STRING), b'{"a":5}', malformed("a")),
    (json_member(STRING), b'{"a":' + b"9" * 4_301 + b"}", malformed("a")),
    # Formats.
    (json_member({"type": "integer", "format": "int32"}), b'{"a":2147483648}', malformed("a")),
    (json_member({"type": "integer", "format": "int64"}), b'{"a":-9223372036854775808}', -(2**63)),
    (json_member({"type": "integer", "format": "int64"}), b'{"a":9223372036854775808}', malformed("a")),
    (json_member({"type": "number", "format": "float"}), b'{"a":1e39}', malformed("a")),
    (json_member({"type": "number", "format": "double"}), b'{"a":1e309}', malformed("a")),
    (json_member({"type": "string", "format": "date-time"}), b'{"a":"2026-01-22 12:00"}', malformed("a")),
    (json_member({"type": "string", "format": "date-time"}), b'{"a":"2026-01-22T12:00:01Z"}', "2026-01-22T12:00:01Z"),
    (json_member({"type": "string", "format": "date"}), b'{"a":"2026-13-01"}', malformed("a")),
    (json_member({"type": "string", "format": "email"}), b'{"a":"x"}', malformed("a")),
    (json_member({"type": "string", "format": "uuid"}), b'{"a":"x"}', malformed("a")),
    (json_member({"type": "string", "format": "byte"}), b'{"a":"QQ"}', malformed("a")),
    (json_member({"type": "string", "format": "byte"}), b'{"a":"QQ=="}', "QQ=="),
    (json_member({"type": "string", "format": "ipv4"}), b'{"a":"1.2.3"}', malformed("a")),
    (json_member({"type": "string", "format": "uri"}), b'{"a":"x"}', malformed("a")),
    (json_member({"type": "string", "format": "password"}), b'{"a":"x"}', "x"),
    # Null.
    (json_member({"type": "string", "nullable": True}), b'{"a":null}', None),
    (json_member({"type": "string", "nullable": False}), b'{"a":null}', malformed("a")),
    (json_member({"type": "string", "nullable": True, "enum": ["x", None]}), b'{"a":null}', None),
    (json_member({"type": "string", "nullable": True, "format": "date"}), b'{"a":null}', None),
    (json_member({"type": "integer", "nullable": True, "format": "int32"}), b'{"a":null}', None),
    (json_member({"type": "string", "nullable": True}, required=["a"]), b'{"a":null}', None),
    (json_member({"type": "string", "nullable": True}, required=["a"]), b"{}", missing("a")),
    (json_member(STRING, required=["a"]), b'{"a":null}', missing("a")),
    # Texts, arrays, objects, combinations.
    (json_member({"type": "string", "maxLength": 1}), '{"a":"\U0001f600"}'.encode(), "\U0001f600"),
    (json_member({"type": "string", "pattern": r"^\d$"}), '{"a":"\u0661"}'.encode(), malformed("a")),
    (json_member({"type": "string", "pattern": "^a$"}), b'{"a":"a\\n"}', malformed("a")),
    (json_member({"type": "string", "minLength": 1}), b'{"a":""}', missing("a")),
    (json_member({"type": "array", "items": INTEGER}), b'{"a":[1,"x"]}', malformed("a")),
    (json_member({"type": "array", "items": STRING, "uniqueItems": True}), b'{"a":["x","x"]}', malformed("a")),
    (json_member({"type": "array", "items": STRING, "maxItems": 1}), b'{"a":["x","y"]}', malformed("a")),
    (json_member({"type": "array", "items": {"type": "string", "nullable": True}}), b'{"a":[null]}', [None]),
    (json_member({"oneOf": [STRING, INTEGER]}), b'{"a":true}', malformed("a")),
    (json_member({"anyOf": [STRING, {"type": "integer", "nullable": True}]}), b'{"a":null}', None),
    (json_member({"allOf": [STRING, {"maxLength": 1}]}), b'{"a":"xx"}', malformed("a")),
    (json_member({"not": STRING}), b'{"a":"x"}', malformed("a")),
    (json_member({"type": "string", "writeOnly": True, "deprecated": True, "x-note": 1}), b'{"a":"x"}', "x"),
    (json_member(STRING, additionalProperties=False), b'{"b":1}', malformed("body")),
    (json_member(STRING, additionalProperties=INTEGER), b'{"b":"x"}', malformed("b")),
    (json_member(STRING, maxProperties=1), b'{"a":"x","b":1}', malformed("body")),
    (json_member(STRING), b"[]", malformed("body")),
]


@pytest.mark.parametrize(("content", "raw", "outcome"), BODIES)
def test_a_member_of_a_json_body_is_checked(
    serve: Callable[[Node], Served], content: Node, raw: bytes, outcome: object
) -> None:
    """The value reaches the function as it was written, or is refused under its name."""
    for _ in range(2):  # What is remembered of a body is right again.
        found = serve(content).outcome(body=raw)
        assert (found["body"].get("a") if isinstance(found, dict) else found) == outcome


WHOLE = [
    (json_body({"type": "object"}, required=False), b"", {}, {"body": None}),
    (json_body({"type": "object"}), b"", {}, NOT_JSON),
    (json_body({"type": "array", "items": INTEGER}), b"[1]", {}, {"body": [1]}),
    (json_body({"type": "array", "items": INTEGER}), b"{}", {}, malformed("body")),
    (json_body({"type": "object", "nullable": True}), b"null", {}, {"body": None}),
    (json_body({}), b"1", {}, {"body": 1}),
    (body({"application/vnd.x+json": {"schema": INTEGER}}), b"1", typed("application/vnd.x+json"), {"body": 1}),
    (body({"application/vnd.x+json": {"schema": INTEGER}}), b"1", typed(JSON), (TYPE, "Unsupported Media Type")),
    (body({TEXT: {"schema": {"type": "string", "maxLength": 3}}}), b"abc", typed(TEXT), {"body": "abc"}),
    (body({TEXT: {"schema": {"type": "string", "maxLength": 3}}}), b"abcd", typed(TEXT), malformed("body")),
    (body({TEXT: {"schema": STRING}}), b"\xff", {}, malformed("body")),
    (body({TEXT: {"schema": STRING}}), b"", {}, missing("body")),
    (body({TEXT: {"schema": STRING}}, required=False), b"", {}, {"body": None}),
    (body({TEXT: {"schema": STRING}}), b"a", typed(JSON), (TYPE, "Unsupported Media Type")),
    (body({"*/*": {}}), b"", {}, missing("body")),
    (body({"*/*": {}}, required=False), b"", typed("a/b"), {"body": b""}),
    (body({"*/*": {"schema": {"type": "string", "format": "binary"}}}), b"\xff", typed("a/b"), {"body": b"\xff"}),
    (body({"application/octet-stream": {}}), b"\xff", typed("application/octet-stream"), {"body": b"\xff"}),
    (body({"application/octet-stream": {}}), b"\xff", typed(TEXT), (TYPE, "Unsupported Media Type")),
    (document(), b"anything", typed(TEXT), {}),
]


@pytest.mark.parametrize(("content", "raw", "headers", "outcome"), WHOLE)
def test_a_whole_body_is_checked(
    serve: Callable[[Node], Served], content: Node, raw: bytes, headers: dict[str, Any], outcome: object
) -> None:
    """Each media type that the document names is validated, and a body may be absent only where it says so."""
    assert serve(content).outcome(body=raw, **headers) == outcome


def test_each_of_several_media_types_is_validated(serve: Callable[[Node], Served]) -> None:
    """The headers choose; the first of the document counts where they do not, and any type comes last."""
    content = {
        "*/*": {},
        JSON: {"schema": {"type": "object", "required": ["a"]}},
        FORM: {"schema": {"type": "object", "properties": {"n": INTEGER}}},
    }
    application = serve(body(content))
    assert application.outcome(body=b"{}") == missing("a")
    assert application.outcome(body=b"{}", **typed(JSON)) == missing("a")
    assert application.outcome(body=b"n=1", **typed(FORM)) == {"n": 1}
    assert application.outcome(body=b"n=1", **typed("image/png")) == {"body": b"n=1"}


FIELDS = {"n": INTEGER, "a": {"type": "string", "minLength": 1}, "b": {"type": "boolean"}}
ONE_OF = {"type": "object", "properties": FIELDS, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}
NAMED = {
    **ONE_OF,
    "oneOf": [
        {"type": "object", "required": [name], "properties": {name: FIELDS[name]}, "description": "One form."}
        for name in ("a", "b")
    ],
}
CHOICE = {
    "description": "No form has both.",
    "oneOf": [
        {
            "type": "object",
            "required": ["a"],
            "maxProperties": 3,
            "additionalProperties": {"type": "string"},
            "properties": {name: FIELDS[name] for name in ("a", "n")},
        },
        {
            "type": "object",
            "required": ["b"],
            "maxProperties": 3,
            "additionalProperties": {"type": "string"},
            "properties": {name: FIELDS[name] for name in ("b", "n")},
        },
    ],
}
NO_CHOICES: list[list[Node]] = [
    [{"type": "object"}],
    [{"required": []}],
    [{"required": ["a"], "type": "string"}],
    [{"required": ["a"], "properties": {"a": STRING}}],
    [{"required": ["a"], "properties": {"a": STRING}}, {"required": ["b"], "properties": {"a": INTEGER}}],
    [{"required": ["a"], "additionalProperties": False}],
    [{"required": ["a"], "maxProperties": 2}, {"required": ["b"], "maxProperties": 3}],
    [{"required": ["a"], "maxProperties": 2}, {"required": ["b"]}],
    [{"required": ["b"]}, {"required": ["a"], "maxProperties": 2}],
    [{"required": ["a"], "minProperties": 2}],
]
"""Alternatives of a form that differ in more than their fields, or that any form fits."""


@pytest.mark.parametrize(
    ("schema", "raw", "outcome"),
    [
        ({"type": "object", "properties": FIELDS}, b"n=7&a=x&b=true&other=1", {"n": 7, "a": "x", "b": True}),
        ({"type": "object", "properties": FIELDS}, b"n=x", malformed("n")),
        ({"type": "object", "properties": FIELDS}, b"n=", {}),
        ({"type": "object", "properties": FIELDS, "required": ["n"]}, b"", missing("n")),
        ({"type": "object", "properties": FIELDS, "required": ["n"]}, b"n=", missing("n")),
        ({"type": "object", "properties": FIELDS, "additionalProperties": False}, b"other=1", malformed("body")),
        (ONE_OF, b"a=x", {"a": "x"}),
        (ONE_OF, b"n=1", missing("a or b")),
        (ONE_OF, b"a=x&b=true", malformed("a or b")),
        (NAMED, b"a=x&n=1", {"a": "x", "n": 1}),
        (NAMED, b"b=true", {"b": True}),
        (NAMED, b"n=1", missing("a or b")),
        (NAMED, b"a=x&b=true", malformed("a or b")),
        (NAMED, b"a=x&b=", {"a": "x"}),
        (CHOICE, b"a=x&n=1&other=1", {"a": "x", "n": 1}),
        (CHOICE, b"b=true", {"b": True}),
        (CHOICE, b"n=1", missing("a or b")),
        (CHOICE, b"a=x&b=true", malformed("a or b")),
        (CHOICE, b"a=x&b=", {"a": "x"}),
    ],
)
def test_a_form_is_checked(serve: Callable[[Node], Served], schema: Node, raw: bytes, outcome: object) -> None:
    """The fields of a form are handed over in their types, and which may stand together is checked."""
    assert serve(body({FORM: {"schema": schema}})).outcome(body=raw) == outcome


def test_a_form_may_be_left_out_where_it_is_not_required(serve: Callable[[Node], Served]) -> None:
    """If an optional body is absent, the function gets no fields, even if the schema requires some."""
    schema = {"type": "object", "properties": FIELDS, "required": ["n"]}
    assert serve(body({FORM: {"schema": schema}}, required=False)).outcome() == {}


def _with(**keywords: object) -> Node:
    return {**document(), **keywords}


def _schemes(scheme: Node, security: list[Any]) -> Node:
    return {**document(security=security), "components": {"securitySchemes": {"s": scheme}}}


def _object(**members: Node) -> Node:
    return {"type": "object", "properties": members}


def _two(first: Node, second: Node) -> Node:
    return document(parameters=[first, second])


LOOP = {
    **json_body({"$ref": "#/components/schemas/Node"}),
    "components": {"schemas": {"Node": {"properties": {"next": {"$ref": "#/components/schemas/Node"}}}}},
}
BESIDE = {
    **json_member({"$ref": "#/components/schemas/A", "maxLength": 1}),
    "components": {"schemas": {"A": STRING}},
}
ALIAS: Node = {"type": "object", "properties": {}}
ALIAS["properties"]["a"] = ALIAS
IN_PATH = {"name": "id", "in": "path", "required": True, "schema": STRING}
ID = {"name": "id", "in": "query", "schema": STRING}
BEARER = {"type": "http", "scheme": "bearer"}

REFUSED = [
    ("openapi", _with(openapi="3.1.0")),
    ("servers", document(servers=[{"url": "/elsewhere"}])),
    ("servers", document(item={"servers": [{"url": "/elsewhere"}], "post": operation()})),
    ("callbacks", document(callbacks={})),
    ("operationId", document(item={"post": {"responses": {"200": {"description": "Done"}}}})),
    ("operationId", document(item={"post": operation(), "put": operation()})),
    ("operationId", document(item={"post": operation("unknown")})),
    ("requestBody", document(item={"get": operation(requestBody={"content": {JSON: {}}})})),
    ("security", _schemes(BEARER, [{"s": []}])),
    ("security", _schemes(BEARER, [{}, {"s": []}])),
    ("security", {**_with(security=[{"s": []}]), "components": {"securitySchemes": {"s": BEARER}}}),
    # Parameters.
    ("style", parameter(schema=STRING, style="spaceDelimited")),
    ("style", parameter(schema={"type": "object"}, style="deepObject")),
    ("type", parameter(schema={"type": "array", "items": STRING})),
    ("type", parameter(schema={"type": "object"})),
    ("schema", document(parameters=[{"name": "a", "in": "query"}])),
    ("type", parameter(schema={"enum": ["a"]})),
    ("content", document(parameters=[{"name": "a", "in": "query", "content": {JSON: {"schema": STRING}}}])),
    ("allowReserved", parameter(allowReserved=True)),
    ("allowEmptyValue", parameter(allowEmptyValue=True)),
    ("nullable", parameter(schema={"type": "string", "nullable": True})),
    ("default", parameter(schema={"type": "integer", "default": 5}, required=True)),
    ("default", parameter(schema={"type": "integer", "maximum": 4, "default": 5})),
    ("default", parameter(schema={"type": "string", "allOf": [{"default": "x"}]})),
    ("name", parameter("Authorization", "header", STRING)),
    ("name", parameter("Content-Type", "header", STRING)),
    ("name", parameter("1st", schema=STRING)),
    ("name", document(path="/a/{b.c}", parameters=[{**IN_PATH, "name": "b.c"}])),
    ("parameters", document(path="/a/{id}")),
    ("parameters", document(parameters=[IN_PATH])),
    ("parameters", document(path="/a/{id}", parameters=[IN_PATH, ID])),
    ("parameters", _two({**ID, "in": "header", "name": "X-A"}, {**ID, "in": "header", "name": "x-a"})),
    ("parameters", _two(ID, ID)),
    ("parameters", document(item={"parameters": [ID, ID], "post": operation()})),
    ("default", parameter(schema={**STRING, "default": date(2026, 1, 2)})),
    ("_services", parameter("_services", schema=STRING)),
    ("body", document(parameters=[{**ID, "name": "body"}], requestBody={"content": {TEXT: {"schema": STRING}}})),
    ("id", document(parameters=[ID], requestBody={"content": {FORM: {"schema": _object(id=STRING)}}})),
    ("paths", {**_with(), "paths": {"/a/{id}": {}, "/a/{name}": {}}}),
    *(("paths", document(path=path)) for path in ("/a/{id", "/a}", "/a?b=c", "/a#b", "/a%20b", "/a b", "/\u00e9")),
    # Bodies.
    ("multipart/form-data", body({"multipart/form-data": {"schema": {"type": "object"}}})),
    ("application/xml", body({"application/xml": {"schema": STRING}})),
    ("text/\\*", body({"text/*": {"schema": STRING}})),
    ("application/json; charset=utf-8", body({"application/json; charset=utf-8": {"schema": STRING}})),
    ("content", body({})),
    ("Application/Json: ", body({JSON: {"schema": STRING}, "Application/Json": {"schema": INTEGER}})),
    ("encoding", body({FORM: {"schema": {"type": "object"}, "encoding": {"a": {}}}})),
    ("type", body({TEXT: {"schema": INTEGER}})),
    ("type", body({FORM: {"schema": {"type": "object", "properties": {"a": {"type": "array", "items": STRING}}}}})),
    ("type", body({FORM: {"schema": {"type": "string"}}})),
    ("allOf", body({FORM: {"schema": {"type": "object", "allOf": []}}})),
    *(
        ("oneOf", body({FORM: {"schema": {"type": "object", "properties": FIELDS, "oneOf": choice}}}))
        for choice in NO_CHOICES
    ),
    ("nullable", body({FORM: {"schema": {"type": "object", "properties": {"a": {**STRING, "nullable": True}}}}})),
    ("schema", body({"*/*": {"schema": {"type": "string", "format": "binary", "maxLength": 3}}})),
    # Schemas.
    *(
        (keyword, json_member({"type": "string", keyword: value}))
        for keyword, value in {
            "const": "a",
            "examples": ["a"],
            "if": {},
            "propertyNames": {},
            "contentEncoding": "base64",
            "minProperties": -1,
            "readOnly": True,
            "discriminator": {"propertyName": "a"},
            "xml": {"name": "a"},
            "default": "a",
            "pattern": "(",
        }.items()
    ),
    ("pattern", json_member({"type": "string", "pattern": r"(a)\1"})),
    ("pattern", json_member({"type": "string", "pattern": "(?=a)"})),
    ("pattern", json_member({"type": "string", "pattern": "[[:alpha:]]"})),
    ("format", json_member({"type": "string", "format": "iban"})),
    ("format", json_member({"type": "string", "format": "binary"})),
    ("format", json_member({"type": "string", "format": "int32"})),
    ("format", json_member({"type": "integer", "format": "date"})),
    ("format", json_member({"format": "date"})),
    ("nullable", json_member({"nullable": True})),
    ("nullable", json_member({"type": "string", "enum": ["a"], "nullable": True})),
    ("type", json_member({"type": ["string", "null"]})),
    ("exclusiveMinimum", json_member({"type": "integer", "exclusiveMinimum": 5})),
    ("exclusiveMinimum", json_member({"type": "integer", "exclusiveMinimum": True})),
    ("minimum", json_member({"type": "integer", "minimum": "5"})),
    ("items", json_member({"type": "array", "items": [STRING]})),
    ("\\$ref", json_member(_object(**{"$ref": STRING}))),
    ("alias", json_member(ALIAS)),
    ("\\$ref", LOOP),
    ("\\$ref", BESIDE),
    ("\\$ref", json_member({"$ref": "other.yaml"})),
    ("\\$ref", json_member({"$ref": "#/components/schemas/None"})),
]


@pytest.mark.parametrize(("keyword", "content"), REFUSED, ids=[keyword for keyword, _ in REFUSED])
def test_what_cannot_be_checked_stops_the_start(serve: Callable[[Node], Served], keyword: str, content: Node) -> None:
    """One line names the operation, or the path of several, and the keyword."""
    with pytest.raises(UnsupportedError, match=keyword) as stop:
        serve(content)
    assert "\n" not in str(stop.value)
    if keyword not in ("openapi", "paths"):
        assert str(stop.value).startswith(("act: ", "unknown: ", "/things: ", "POST /things: "))


def test_an_argument_of_a_credential_is_not_a_parameter_too(tmp_path: Path) -> None:
    """A parameter cannot replace the credential that the function judges."""
    content = {
        **document(security=[{"s": []}], parameters=[{**ID, "name": "authorization"}]),
        "components": {"securitySchemes": {"s": BEARER}},
    }
    with pytest.raises(UnsupportedError, match="act: authorization: "):
        served(content, tmp_path, checks={"s": HAND_OVER})


def test_an_extension_beside_the_paths_is_no_path(serve: Callable[[Node], Served]) -> None:
    """OpenAPI 3.0.3 allows `x-` keywords among the paths."""
    content = document()
    content["paths"]["x-owner"] = {"team": "payments"}
    assert serve(content).outcome() == {}
