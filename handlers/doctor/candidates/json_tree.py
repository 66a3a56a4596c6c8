"""JSON whose scalars keep the text in which they were written, so that one thing can change and the rest stays."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Never, Union

DEEPEST = 32
"""Levels of nesting."""

_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"|[][{}]', re.DOTALL)
_SCALAR = re.compile(r'"(?:[^"\\]|\\.)*+"|[^\s\[\]{}:,"]++', re.DOTALL)


class Members(list[tuple[str, "Node"]]):
    """The members of an object in their order: the name as it was written, with its quotes, and the value."""


Node = Union[str, list["Node"], Members]  # noqa: UP007  a string in it is no type yet
"""A scalar as it was written, an array or an object."""

Change = Callable[[Node], Node]
ChangeText = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Layout:
    """The whitespace between tokens. `indent` is None for JSON on one line. `pad` stands inside of inline brackets."""

    comma: str = ","
    colon: str = ":"
    indent: str | None = None
    newline: str = "\n"
    inline_arrays: bool = False


COMPACT = Layout()


def parse(text: str) -> Node:
    """Parse JSON. A name that occurs twice stays twice.

    Raises:
        ValueError: The text is not JSON, or it is nested deeper than `DEEPEST`.
        RecursionError: The text is nested too deep for Python.
    """
    if _depth(text) > DEEPEST:
        message = "nested too deep"
        raise ValueError(message)
    json.loads(text, strict=False, parse_int=str, parse_float=str, parse_constant=_refuse)
    quoted = _SCALAR.sub(lambda found: json.dumps(found[0]), text)
    node: Node = json.loads(quoted, object_pairs_hook=Members)
    return node


def write(node: Node, layout: Layout = COMPACT, level: int = 0) -> str:
    """Write JSON in a layout. The scalars stay as they were written."""
    if isinstance(node, str):
        return node
    is_object = isinstance(node, Members)
    inline = layout.indent is None or (layout.inline_arrays and not is_object)
    inner = level if inline else level + 1
    if isinstance(node, Members):
        items = [f"{name}{layout.colon}{write(value, layout, inner)}" for name, value in node]
    else:
        items = [write(value, layout, inner) for value in node]
    return _in_brackets("{}" if is_object else "[]", items, layout, None if inline else level)


def _in_brackets(brackets: str, items: list[str], layout: Layout, level: int | None) -> str:
    start, end = brackets[0], brackets[1]
    blank = " " if layout.inline_arrays else ""
    if not items:
        return f"{start}{blank}{end}"
    if level is None:
        return f"{start}{blank}{(layout.comma + blank).join(items)}{blank}{end}"
    indent = layout.indent or ""
    line, last = (f"{layout.newline}{indent * depth}" for depth in (level + 1, level))
    return f"{start}{line}{f'{layout.comma}{line}'.join(items)}{last}{end}"


def changed(
    node: Node, *, scalar: ChangeText | None = None, name: ChangeText | None = None, container: Change | None = None
) -> Node:
    """Return the tree with changed scalars, names, and arrays and objects, the innermost ones first."""
    if isinstance(node, str):
        return scalar(node) if scalar else node
    if isinstance(node, Members):
        new: Node = Members(
            (name(each) if name else each, changed(value, scalar=scalar, name=name, container=container))
            for each, value in node
        )
    else:
        new = [changed(value, scalar=scalar, name=name, container=container) for value in node]
    return container(new) if container else new


def text_of(string: str) -> str:
    """Return the text of a JSON string, or of a member's name."""
    text: str = json.loads(string, strict=False)
    return text


def _depth(text: str) -> int:
    deepest = depth = 0
    for bracket in _BRACKET.findall(text):
        depth += (bracket in "[{") - (bracket in "]}")
        deepest = max(deepest, depth)
    return deepest


def _refuse(constant: str) -> Never:
    message = f"{constant} is not JSON"
    raise ValueError(message)
