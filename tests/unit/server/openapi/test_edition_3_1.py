"""The OpenAPI 3.1 edition of a document."""

import difflib
import json
import re
from collections.abc import Iterator
from textwrap import indent
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator, meta
from openapi_schema_validator import OAS30Validator, OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from handlers.server.openapi.bundle import bundled
from handlers.server.openapi.edition_3_1 import as_3_1
from tests.document import INTERNAL_PATH, PATH

Node = dict[str, Any]
DOCUMENTS = {path.name: path.read_text(encoding="utf-8") for path in (PATH, INTERNAL_PATH)}
EDITIONS = {name: as_3_1(text) for name, text in DOCUMENTS.items()}
HEAD = "openapi: 3.0.3\ninfo: {title: Things, version: 1.0.0}\npaths: {}\ncomponents:\n  schemas:\n"


def _data(text: str) -> Node:
    return bundled(yaml.safe_load(text))


def _schemas(node: Any) -> Iterator[Node]:  # noqa: ANN401  any YAML
    """Every schema of a resolved document that a parameter, header or media type has."""
    if isinstance(node, list):
        node = dict(enumerate(node))
    if isinstance(node, dict):
        for key, value in node.items():
            yield from [value] if key == "schema" else _schemas(value)


def _examples(node: Any) -> Iterator[tuple[Node, object]]:  # noqa: ANN401  any YAML
    """Each example of a resolved document with its schema."""
    if isinstance(node, list):
        node = dict(enumerate(node))
    if not isinstance(node, dict):
        return
    if isinstance(node.get("schema"), dict):
        yield from ((node["schema"], each["value"]) for each in node.get("examples", {}).values())
        if "example" in node:
            yield node["schema"], node["example"]
        yield from ((node["schema"], each) for each in node["schema"].get("examples", ()))
    for value in node.values():
        yield from _examples(value)


def _one(schema: str) -> Node:
    """The 3.1 edition of one schema, which is given as the lines of its YAML."""
    text = as_3_1(HEAD + "".join(f"    {line}\n" for line in schema.splitlines()))
    result: Node = yaml.safe_load(text)["components"]["schemas"]
    return result


@pytest.mark.parametrize("name", EDITIONS)
def test_the_edition_is_valid(name: str) -> None:
    """A validator that the server does not use accepts the edition as OpenAPI 3.1, its examples included."""
    document = yaml.safe_load(EDITIONS[name])
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()


@pytest.mark.parametrize("name", EDITIONS)
def test_the_schemas_and_examples_are_json_schema(name: str) -> None:
    """Each schema is a valid JSON Schema 2020-12, and each example fits its schema."""
    document = _data(EDITIONS[name])
    for schema in _schemas(document):
        meta.validate(schema)
    examples = list(_examples(document))
    assert len(examples) > 20
    for schema, example in examples:
        Draft202012Validator(schema).validate(example)


@pytest.mark.parametrize("name", EDITIONS)
def test_only_the_lines_that_differ_in_3_1_change(name: str) -> None:
    """Order and comments stay. Only the version, the examples of schemas and the binary format are written anew."""
    before, after = DOCUMENTS[name].splitlines(), EDITIONS[name].splitlines()
    assert [line for line in before if "#" in line] == [line for line in after if "#" in line]
    changes = [f"{line[0]}{line[1:].strip()}" for line in difflib.ndiff(before, after) if line[0] in "+-"]
    assert {line for line in changes if re.search("openapi:|format:|contentMediaType:", line)} <= {
        "-openapi: 3.0.3",
        "+openapi: 3.1.0",
        "-format: binary",
        "+contentMediaType: application/octet-stream",
    }
    assert yaml.safe_load(EDITIONS[name])["info"] == yaml.safe_load(DOCUMENTS[name])["info"]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("A:\n  type: string\n  nullable: true", {"type": ["string", "null"]}),
        ("A: {type: string, nullable: true}", {"type": ["string", "null"]}),
        ("A:\n  nullable: true\n  type: string", {"type": ["string", "null"]}),
        ("A:\n  type: string\n  nullable: false # never", {"type": "string"}),
        ("A:\n  nullable: true", {}),
        ("A: {nullable: true}", {}),
        ("A: {nullable: true, exclusiveMinimum: false}", {}),
        ("A:\n  allOf:\n    - nullable: true\n      type: string\n", {"allOf": [{"type": ["string", "null"]}]}),
        ("A:\n  minimum: 1\n  exclusiveMinimum: true", {"exclusiveMinimum": 1}),
        ("A: {exclusiveMaximum: true, maximum: 2.5}", {"exclusiveMaximum": 2.5}),
        ("A:\n  minimum: 1\n  exclusiveMinimum: false", {"minimum": 1}),
        ("A:\n  title: A\n  exclusiveMinimum: true", {"title": "A"}),
        ("A: {type: string, format: byte}", {"type": "string", "contentEncoding": "base64"}),
        ("A: {format: binary}", {"contentMediaType": "application/octet-stream"}),
        ("A: {format: uuid}", {"format": "uuid"}),
        ("A:\n  example: a", {"examples": ["a"]}),
        ("A: {example: [1, 2]}", {"examples": [[1, 2]]}),
        ("A:\n  example:\n  - 1\n  - 2\n  type: array", {"examples": [[1, 2]], "type": "array"}),
        ("A:\n  example:\n  type: string", {"examples": [None], "type": "string"}),
        ("A:\n  example: |\n    a\n\n    b\n  type: string", {"examples": ["a\n\nb\n"], "type": "string"}),
        ("A:\n  example: a\n    b\n  type: string", {"examples": ["a b"], "type": "string"}),
        ("A:\n  enum: [a]\n  default: {nullable: true}", {"enum": ["a"], "default": {"nullable": True}}),
        ("A:\n  properties:\n    nullable: {nullable: false}", {"properties": {"nullable": {}}}),
        ("A:\n  properties:\n    example: {example: 1}", {"properties": {"example": {"examples": [1]}}}),
        ("A: {additionalProperties: {nullable: false}}", {"additionalProperties": {}}),
        ("A: {additionalProperties: false}", {"additionalProperties": False}),
        ("A: {not: {items: {example: 1}}}", {"not": {"items": {"examples": [1]}}}),
    ],
)
def test_each_keyword_of_3_0_is_written_as_in_3_1(schema: str, expected: Node) -> None:
    """The keywords that OpenAPI 3.1 lacks become those of JSON Schema. Values that only look like keywords stay."""
    assert _one(schema) == {"A": expected}


def test_the_example_of_a_parameter_stays() -> None:
    """A parameter, a header and a media type have `example` in 3.1 too."""
    parameter = "    A: {name: a, in: query, schema: {type: string}, example: a}\n"
    text = HEAD.replace("schemas:", "parameters:") + parameter
    assert as_3_1(text) == text.replace("3.0.3", "3.1.0")


def test_schemas_are_found_at_every_place() -> None:
    """OpenAPI 3.0 has schemas at many places, also in callbacks and in the headers of the parts of a form."""
    schema: Node = {"schema": {"example": 1}}
    content: Node = {"a/b": {**schema, "encoding": {"part": {"headers": {"H": schema}}}}}
    parameter: Node = {"content": {"a/b": schema}}
    answer: Node = {"headers": {"H": schema}, "content": content}
    operation: Node = {"parameters": [parameter], "requestBody": {"content": content}, "responses": {"200": answer}}
    path: Node = {"parameters": [schema], "get": operation, "trace": operation}
    called: Node = {"onEvent": {"{$url}": path}}
    components: Node = {
        "schemas": {"S": {"properties": {"p": {"items": {"example": 1}}}, "oneOf": [{"example": 1}]}},
        "responses": {"R": answer},
        "parameters": {"P": schema},
        "requestBodies": {"B": {"content": content}},
        "headers": {"H": schema},
        "callbacks": called,
    }
    paths: Node = {"/a": {"post": {**operation, "callbacks": called}}}
    document: Node = {"openapi": "3.0.3", "paths": paths, "components": components}
    before = json.dumps(document)
    after = before.replace('"example": 1', '"examples": [1]').replace("3.0.3", "3.1.0")
    assert yaml.safe_load(as_3_1(before)) == json.loads(after)


def test_a_comment_after_an_example_stays_where_it_is() -> None:
    """The comment of the next member is not moved together with the example."""
    assert as_3_1(f"{HEAD}    A:\n      example:\n        a: 1\n      # The type\n      type: object\n").endswith(
        "    A:\n      examples:\n        - a: 1\n      # The type\n      type: object\n"
    )


STRINGS = sorted({each for text in DOCUMENTS.values() for _, each in _examples(_data(text)) if isinstance(each, str)})
VALUES = [each for text in DOCUMENTS.values() for _, each in _examples(_data(text)) if isinstance(each, dict)]
SCALARS = st.none() | st.booleans() | st.integers(-2, 10**10) | st.text(max_size=4) | st.sampled_from(STRINGS)
NAMES = sorted({name for value in VALUES for name in value})
OBJECTS = st.dictionaries(st.sampled_from(NAMES), SCALARS, max_size=4)
CHANGED = st.builds(lambda value, change: {**value, **change}, st.sampled_from(VALUES), OBJECTS)
LACKING = st.builds(
    lambda value, name: {key: each for key, each in value.items() if key != name},
    st.sampled_from(VALUES),
    st.sampled_from(NAMES),
)
JSON = SCALARS | OBJECTS | CHANGED | LACKING | st.sampled_from(VALUES) | st.lists(SCALARS, max_size=2)
PAIRS = {
    str(old): (old, new)
    for name in DOCUMENTS
    for old, new in zip(_schemas(_data(DOCUMENTS[name])), _schemas(_data(EDITIONS[name])), strict=True)
}


@given(st.sampled_from(list(PAIRS.values())), JSON)
@settings(max_examples=500)
def test_both_editions_accept_the_same_values(pair: tuple[Node, Node], value: object) -> None:
    """A value is valid in the 3.1 edition if and only if it is valid in the document."""
    old, new = pair
    assert OAS30Validator(old).is_valid(value) == OAS31Validator(new).is_valid(value)


SCHEMAS: st.SearchStrategy[Node] = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["string", "integer", "object", "array"]),
            "nullable": st.booleans(),
            "minimum": st.integers(0, 3),
            "exclusiveMinimum": st.booleans(),
            "maximum": st.integers(0, 3),
            "exclusiveMaximum": st.booleans(),
            "format": st.sampled_from(["byte", "binary", "email"]),
            "example": SCALARS | OBJECTS | st.lists(OBJECTS, max_size=2),
            "maxLength": st.integers(0, 2),
            "description": st.just("nullable: true # no keyword"),
        },
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from(NAMES), inner, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "additionalProperties": inner | st.booleans(),
        },
    ),
    max_leaves=4,
)


@given(SCHEMAS, st.sampled_from([True, False, None]), JSON)
@settings(max_examples=300)
def test_any_schema_means_the_same_in_both_editions(schema: Node, flow: bool | None, value: object) -> None:  # noqa: FBT001  hypothesis's
    """Any schema in block or flow style becomes valid 3.1, and accepts the same values."""
    text = yaml.safe_dump({"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": {}})
    text += "components:\n  schemas:\n    A:\n"
    text += indent(yaml.safe_dump(schema, default_flow_style=flow, width=40, sort_keys=False), " " * 6)
    document = yaml.safe_load(as_3_1(text))
    new = document["components"]["schemas"]["A"]
    meta.validate(new)
    assert not {"nullable", "example"} & new.keys()
    assert OAS30Validator(schema).is_valid(value) == OAS31Validator(new).is_valid(value)
