"""The OpenAPI 3.1 edition of an OpenAPI 3.0 document.

The text is edited, so that the order and every comment stay. The two texts differ only in the lines that OpenAPI 3.1
writes in another way (OpenAPI 3.1.0, Schema Object; JSON Schema 2020-12, Validation).
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, cast

import yaml

from handlers.server.openapi.yaml_loader import SafeLoader

VERSION = "3.1.0"

_FIELDS: Mapping[str, Mapping[str, str]] = {
    "document": {"paths": "{path}", "components": "components"},
    "components": {
        "schemas": "{schema}",
        "responses": "{response}",
        "parameters": "{parameter}",
        "requestBodies": "{body}",
        "headers": "{parameter}",
        "callbacks": "{{path}}",
    },
    "path": {
        "parameters": "[parameter]",
        **dict.fromkeys(("get", "put", "post", "delete", "options", "head", "patch", "trace"), "operation"),
    },
    "operation": {
        "parameters": "[parameter]",
        "requestBody": "body",
        "responses": "{response}",
        "callbacks": "{{path}}",
    },
    "parameter": {"schema": "schema", "content": "{media type}"},
    "body": {"content": "{media type}"},
    "response": {"headers": "{parameter}", "content": "{media type}"},
    "media type": {"schema": "schema", "encoding": "{encoding}"},
    "encoding": {"headers": "{parameter}"},
    "schema": {
        "properties": "{schema}",
        **dict.fromkeys(("items", "additionalProperties", "not"), "schema"),
        **dict.fromkeys(("allOf", "anyOf", "oneOf"), "[schema]"),
    },
}
"""The fields of each object of OpenAPI 3.0.3 that lead to schemas. `{x}` is a map of x, `[x]` is a list of x."""

_FORMATS = {"byte": "contentEncoding: base64", "binary": "contentMediaType: application/octet-stream"}


class _Edit(NamedTuple):
    """Replace the characters from `start` up to `end`."""

    start: int
    end: int
    text: str


class _Member(NamedTuple):
    """A key of a mapping and its value."""

    key: yaml.Node
    value: yaml.Node

    @property
    def is_true(self) -> bool:
        return self.value.tag.endswith(":bool") and self.value.value.lower() in {"true", "yes", "on"}


_Members = dict[str, _Member]


def as_3_1(text: str) -> str:
    """Return the YAML text of the 3.1 edition. Both editions describe the same requests and answers."""
    root = cast("yaml.MappingNode", yaml.compose(text, SafeLoader))
    version = _members(root)["openapi"].value
    edits = [_replaced(version, VERSION), *(edit for each in _schemas(root, "document") for edit in _edits(each, text))]
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _schemas(node: yaml.Node, kind: str) -> Iterator[yaml.MappingNode]:
    """Yield all schemas in a part of a document, which is of this kind."""
    if isinstance(node, yaml.SequenceNode):
        children = [(each, kind[1:-1]) for each in node.value]
    elif not isinstance(node, yaml.MappingNode):
        children = []
    elif kind.startswith("{"):
        children = [(value, kind[1:-1]) for _, value in node.value]
    else:
        children = [(value, _FIELDS[kind][key.value]) for key, value in node.value if key.value in _FIELDS[kind]]
        if kind == "schema":
            yield node
    for child, its_kind in children:
        yield from _schemas(child, its_kind)


def _edits(schema: yaml.MappingNode, text: str) -> Iterator[_Edit]:
    members = _members(schema)
    removed = set[str]()
    if "nullable" in members:
        removed.add("nullable")
        if members["nullable"].is_true and "type" in members:
            yield _wrapped(members["type"].value, text, "[", ', "null"]')
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if exclusive in members:
            is_exclusive = members[exclusive].is_true and bound in members
            removed.add(bound if is_exclusive else exclusive)
            if is_exclusive:
                yield _replaced(members[exclusive].value, _text(members[bound].value, text))
    if "format" in members and members["format"].value.value in _FORMATS:
        key, value = members["format"]
        yield _Edit(key.start_mark.index, value.end_mark.index, _FORMATS[value.value])
    if "example" in members:
        yield from _examples(members["example"], text, in_flow=bool(schema.flow_style))
    yield from _removal(schema, members, removed, text)


def _examples(example: _Member, text: str, *, in_flow: bool) -> Iterator[_Edit]:
    """The list `examples` in the place of `example` (JSON Schema 2020-12, Validation, section 9.5)."""
    key, value = example
    if in_flow:
        yield _replaced(key, "examples")
        yield _wrapped(value, text, "[", "]")
        return
    start = value.start_mark.index
    if value.start_mark.line == key.start_mark.line:
        yield _Edit(key.start_mark.index, start, f"examples:\n{' ' * key.start_mark.column}  - ")
    else:
        yield _replaced(key, "examples")
        yield _Edit(start, start, "- ")
    for line in re.finditer(r"\n(?!\n)", text[start : _end(value)].rstrip()):
        yield _Edit(start + line.end(), start + line.end(), "  ")


def _removal(schema: yaml.MappingNode, members: _Members, removed: set[str], text: str) -> Iterator[_Edit]:
    """Remove members. `{}` stays if there are no others."""
    if members and removed == members.keys():
        ordered = list(members.values())
        start = ordered[0].key.start_mark.index
        yield _Edit(start, ordered[-1].value.end_mark.index, "" if schema.flow_style else "{}")
        return
    following = dict(zip(members, list(members)[1:], strict=False))
    for name in removed:
        key, value = members[name]
        start, end = key.start_mark.index, value.end_mark.index
        line = text.rfind("\n", 0, start) + 1
        if not schema.flow_style and not text[line:start].strip():
            newline = text.find("\n", end)
            yield _Edit(line, len(text) if newline < 0 else newline + 1, "")
        elif name in following:
            yield _Edit(start, members[following[name]].key.start_mark.index, "")
        else:
            yield _Edit(start, end, "")


def _members(node: yaml.MappingNode) -> _Members:
    return {key.value: _Member(key, value) for key, value in node.value}


def _end(node: yaml.Node) -> int:
    """The end of the last value. The end of a block is behind the comments that follow it."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return int(node.end_mark.index)


def _text(node: yaml.Node, text: str) -> str:
    return text[node.start_mark.index : node.end_mark.index]


def _replaced(node: yaml.Node, new: str) -> _Edit:
    return _Edit(node.start_mark.index, node.end_mark.index, new)


def _wrapped(node: yaml.Node, text: str, before: str, after: str) -> _Edit:
    return _replaced(node, f"{before}{_text(node, text)}{after}")
