"""The differences between two schemas without references (OpenAPI 3.0.3, Schema Object).

In a request a wider type is an addition, and every other change is breaking. In an answer every change of a type is
breaking, also a narrower one: clients were built on the published type. A keyword that is not named here is breaking.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from math import inf
from typing import Any

from tests.contract.change import ABSENT, Change, Direction, Node, addition, breaking, replaced, text

_ANNOTATIONS = {"description", "title", "example", "examples", "externalDocs"}
_ALTERNATIVES = {"anyOf", "oneOf"}
_PARTS = {"allOf", *_ALTERNATIVES}
_CONSTRAINTS = {"type", "pattern", "format", "multipleOf", "not", "enum", *_PARTS}
_DEFAULTS: Node = {
    **dict.fromkeys(("minLength", "minItems", "minProperties"), 0),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum", "uniqueItems", "nullable"), False),
    **dict.fromkeys(("readOnly", "writeOnly", "deprecated"), False),
    "required": [],
    **{keyword: {} for keyword in ("additionalProperties", "items", "properties")},
}
_IS_NARROWER: Mapping[str, Callable[[Any, Any], bool]] = {
    **dict.fromkeys(
        ("maxLength", "maximum", "maxItems", "maxProperties"), lambda old, new: _or(inf, new) < _or(inf, old)
    ),
    **dict.fromkeys(
        ("minLength", "minimum", "minItems", "minProperties"), lambda old, new: _or(-inf, new) > _or(-inf, old)
    ),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum", "uniqueItems"), lambda _old, new: new is True),
    **dict.fromkeys(("nullable", "additionalProperties"), lambda _old, new: new is False),
}
"""Whether another value of a keyword allows fewer values. If not, it allows more."""


class _Shift(Enum):
    """What a change does to the set of valid values."""

    NARROWER = "narrower"
    WIDER = "wider"
    OTHER = "other"


def schema_changes(old: Node, new: Node, where: str, direction: Direction) -> Iterator[Change]:
    """All differences, with the place of each."""
    yield from _Schemas(_effective(old), _effective(new), where, direction).changes()


def _effective(schema: Node) -> Node:
    """The schema without annotations, in one form: `additionalProperties: true` is `{}`, and enums are sorted."""
    kept = {key: value for key, value in schema.items() if key not in _ANNOTATIONS}
    if kept.get("additionalProperties") is True:
        kept["additionalProperties"] = {}
    if "enum" in kept:
        kept["enum"] = sorted(kept["enum"], key=text)
    return kept


@dataclass(frozen=True)
class _Schemas:
    old: Node
    new: Node
    where: str
    direction: Direction

    def changes(self) -> Iterator[Change]:
        for keyword in sorted(self.old.keys() | self.new.keys()):
            default = _DEFAULTS.get(keyword, ABSENT)
            old, new = self.old.get(keyword, default), self.new.get(keyword, default)
            if text(old) != text(new):
                yield from self._changes_of(keyword, old, new)

    def _changes_of(self, keyword: str, old: Any, new: Any) -> Iterator[Change]:  # noqa: ANN401  YAML
        has_both = isinstance(old, list | dict) and isinstance(new, list | dict)
        if keyword == "properties":
            yield from self._properties(old, new)
        elif keyword == "required":
            yield from self._required(old, new)
        elif keyword == "deprecated":
            yield addition(self.where, replaced(keyword, old, new))
        elif keyword in _PARTS and has_both:
            yield from self._parts(keyword, old, new)
        elif keyword == "not" and has_both:
            inner = schema_changes(old, new, f"{self.where}.not", self.direction)
            yield from (breaking(each.where, each.what) for each in inner)
        elif keyword in {"items", "additionalProperties"} and has_both:
            place = "[]" if keyword == "items" else ".*"
            yield from schema_changes(old, new, f"{self.where}{place}", self.direction)
        else:
            what = f"{keyword}: {_count(old)} -> {_count(new)}" if keyword in _PARTS else replaced(keyword, old, new)
            yield self._typed(what, _shift(keyword, old, new))

    def _typed(self, what: str, shift: _Shift) -> Change:
        is_addition = shift is _Shift.WIDER and self.direction is Direction.REQUEST
        return addition(self.where, what) if is_addition else breaking(self.where, what)

    def _properties(self, old: Node, new: Node) -> Iterator[Change]:
        is_closed = self.direction is Direction.RESPONSE and self.old.get("additionalProperties") is False
        for name in sorted(old.keys() | new.keys()):
            if name not in new:
                yield breaking(self.where, f"member {name} is removed")
            elif name in old:
                yield from schema_changes(old[name], new[name], f"{self.where}.{name}", self.direction)
            elif is_closed:
                yield breaking(self.where, f"member {name} is new, but the object was closed")
            else:
                yield addition(self.where, f"member {name} is new")

    def _required(self, old: list[str], new: list[str]) -> Iterator[Change]:
        in_request = self.direction is Direction.REQUEST
        for name in sorted(set(old) - set(new)):
            yield Change(self.where, f"member {name} is no longer required", is_breaking=not in_request)
        for name in sorted(set(new) - set(old)):
            yield Change(self.where, f"member {name} is newly required", is_breaking=in_request)

    def _parts(self, keyword: str, old: list[Node], new: list[Node]) -> Iterator[Change]:
        """Equal parts are left out, in any order. If as many are left on both sides, they are compared in pairs."""
        before, after = _without(old, new), _without(new, old)
        if len(before) == len(after):
            for index, (one, other) in enumerate(zip(before, after, strict=True)):
                yield from schema_changes(one, other, f"{self.where}.{keyword}[{index}]", self.direction)
            return
        shift = _Shift.WIDER if bool(after) == (keyword in _ALTERNATIVES) else _Shift.NARROWER
        what = f"{keyword}: {_count(old)} -> {_count(new)}"
        yield self._typed(what, _Shift.OTHER if before and after else shift)


def _without(schemas: list[Node], others: list[Node]) -> list[Node]:
    known = {text(_effective(each)) for each in others}
    return [each for each in schemas if text(_effective(each)) not in known]


def _count(schemas: Any) -> str:  # noqa: ANN401  YAML
    return "none" if schemas is ABSENT else f"{len(schemas)} schemas"


def _shift(keyword: str, old: Any, new: Any) -> _Shift:  # noqa: ANN401  YAML
    if keyword in _IS_NARROWER:
        return _Shift.NARROWER if _IS_NARROWER[keyword](old, new) else _Shift.WIDER
    if keyword in _CONSTRAINTS and (old is ABSENT or new is ABSENT):
        return _Shift.NARROWER if old is ABSENT else _Shift.WIDER
    if keyword == "enum":
        before, after = set(map(text, old)), set(map(text, new))
        return _Shift.WIDER if before < after else _Shift.NARROWER if after < before else _Shift.OTHER
    return _Shift.OTHER


def _or(default: float, value: Any) -> Any:  # noqa: ANN401  YAML
    return default if value is ABSENT else value
