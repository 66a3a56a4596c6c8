"""The differences between the parameters, headers and bodies of two documents."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.contract.change import Change, Direction, Node, addition, breaking, other_keywords, replaced
from tests.contract.schemas import schema_changes

_PROSE = {"description", "summary", "example", "examples"}
_FIELD = frozenset({*_PROSE, "name", "in", "required", "deprecated", "schema", "content"})
_BODY = frozenset({*_PROSE, "required", "content"})
_MEDIA_TYPE = frozenset({*_PROSE, "schema"})
_STYLES = {"header": "simple", "path": "simple", "query": "form", "cookie": "form"}

Parameters = Mapping[tuple[str, str], Node]


def parameters(item: Node, operation: Node) -> Parameters:
    """The parameters of an operation and its path, by place and name. Names of headers have no letter case."""
    both = [*item.get("parameters", ()), *operation.get("parameters", ())]
    return {(each["in"], _name(each)): each for each in both}


def _name(parameter: Node) -> str:
    name = str(parameter["name"])
    return name.upper() if parameter["in"] == "header" else name


def parameter_changes(old: Parameters, new: Parameters, where: str) -> Iterator[Change]:
    """A removed parameter is breaking, and so is a new one that is required."""
    for key in sorted(old.keys() | new.keys()):
        place = " ".join(key)
        if key not in new:
            yield breaking(where, f"{place} is removed")
        elif key in old:
            yield from _field_changes(old[key], new[key], f"{where}, {place}", Direction.REQUEST)
        elif new[key].get("required"):
            yield breaking(where, f"{place} is new and required")
        else:
            yield addition(where, f"{place} is new")


def header_changes(old: Node, new: Node, where: str) -> Iterator[Change]:
    """Headers of an answer. A removed one is breaking."""
    before, after = ({name.upper(): each for name, each in headers.items()} for headers in (old, new))
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield breaking(where, f"header {name} is removed")
        elif name in before:
            yield from _field_changes(before[name], after[name], f"{where}, header {name}", Direction.RESPONSE)
        else:
            yield addition(where, f"header {name} is new")


def _field_changes(old: Node, new: Node, where: str, direction: Direction) -> Iterator[Change]:
    """A parameter or a header of an answer."""
    yield from _required_changes(old, new, where, direction)
    yield from schema_changes(old.get("schema", {}), new.get("schema", {}), where, direction)
    yield from content_changes(old.get("content", {}), new.get("content", {}), where, direction)
    yield from other_keywords(_with_style(old), _with_style(new), _FIELD, where)
    if old.get("deprecated", False) != new.get("deprecated", False):
        yield addition(where, replaced("deprecated", old.get("deprecated", False), new.get("deprecated", False)))


def _with_style(field: Node) -> Node:
    """The field with its defaults (OpenAPI 3.0.3, Parameter Object). A header of an answer has the style `simple`."""
    style = field.get("style", _STYLES[field.get("in", "header")])
    return {"style": style, "explode": style == "form", "allowReserved": False, "allowEmptyValue": False, **field}


def body_changes(old: Node | None, new: Node | None, where: str) -> Iterator[Change]:
    """The body of a request."""
    if old is None and new is not None:
        yield breaking(where, "a body is new and required") if new.get("required") else addition(where, "a body is new")
    elif old is not None and new is None:
        yield breaking(where, "the body is removed")
    elif old is not None and new is not None:
        yield from _required_changes(old, new, f"{where}, body", Direction.REQUEST)
        yield from content_changes(old["content"], new["content"], where, Direction.REQUEST)
        yield from other_keywords(old, new, _BODY, f"{where}, body")


def content_changes(old: Node, new: Node, where: str, direction: Direction) -> Iterator[Change]:
    """The media types of a body. A new one is an addition in a request only."""
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield breaking(where, f"media type {name} is removed")
        elif name in old:
            yield from _media_type_changes(old[name], new[name], f"{where}, {name} body", direction)
        elif direction is Direction.REQUEST:
            yield addition(where, f"media type {name} is new")
        else:
            yield breaking(where, f"media type {name} is new")


def _media_type_changes(old: Node, new: Node, where: str, direction: Direction) -> Iterator[Change]:
    yield from schema_changes(old.get("schema", {}), new.get("schema", {}), where, direction)
    yield from other_keywords(old, new, _MEDIA_TYPE, where)
    before, after = _answers(old), _answers(new)
    yield from (breaking(where, f"responseCode {each} is removed from the examples") for each in sorted(before - after))
    yield from (addition(where, f"responseCode {each} is new in the examples") for each in sorted(after - before))


def _answers(media_type: Node) -> set[str]:
    """The response codes that the examples show, with their messages. A program may rely on both."""
    examples: list[Any] = [each.get("value") for each in media_type.get("examples", {}).values()]
    examples.append(media_type.get("example"))
    return {
        f"{each['responseCode']} {each.get('responseMessage', '')}".rstrip()
        for each in examples
        if isinstance(each, dict) and "responseCode" in each
    }


def _required_changes(old: Node, new: Node, where: str, direction: Direction) -> Iterator[Change]:
    before, after = bool(old.get("required")), bool(new.get("required"))
    if before != after:
        is_breaking = after == (direction is Direction.REQUEST)
        yield Change(where, "is newly required" if after else "is no longer required", is_breaking=is_breaking)
