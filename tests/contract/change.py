"""A change of a document."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

Node = Mapping[str, Any]
ABSENT = object()
"""Stands for a keyword that a document does not have."""


class Direction(Enum):
    """Who sends the value that a part of the document describes."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True)
class Change:
    """One difference between two documents. `where` is a place such as `POST /revoke, answer 200`."""

    where: str
    what: str
    is_breaking: bool

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def breaking(where: str, what: str) -> Change:
    """A change that a client of the old document may notice."""
    return Change(where, what, is_breaking=True)


def addition(where: str, what: str) -> Change:
    """A change that no client of the old document notices."""
    return Change(where, what, is_breaking=False)


def replaced(keyword: str, old: object, new: object) -> str:
    """The description of a keyword that has another value."""
    return f"{keyword}: {text(old)} -> {text(new)}"


def text(value: object) -> str:
    """A value on one line, equal for equal values."""
    return "none" if value is ABSENT else json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def other_keywords(old: Node, new: Node, known: frozenset[str], where: str) -> Iterator[Change]:
    """All differences outside the known keywords. They are breaking, because nobody has said what they mean."""
    for keyword in sorted((old.keys() | new.keys()) - known):
        before, after = old.get(keyword, ABSENT), new.get(keyword, ABSENT)
        if text(before) != text(after):
            yield breaking(where, replaced(keyword, before, after))
