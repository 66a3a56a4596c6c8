"""The same JSON in other bytes: what a client may have hashed before something wrote the body anew."""

import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

LONGEST, DEEPEST = 65_536, 32
"""Bytes and nesting of a body that is written anew: beyond, indentation alone could fill the memory."""

_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"|[][{}]', re.DOTALL)
_LITERAL = re.compile(r'"\\u0000([-+.0-9Ee]+)\\u0000"')

_WRITTEN: tuple[dict[str, Any], ...] = (
    {"separators": (",", ":")},
    {"separators": (", ", ": ")},
    {"separators": (",", ": ")},
    {"indent": 2},
    {"indent": 4},
    {"indent": "\t"},
)


def others(body: bytes) -> Iterator[bytes]:
    """Other bytes for the body; the likeliest first, some of them twice."""
    yield from (body.strip(), body + b"\n", body.replace(b"\r\n", b"\n"), body.replace(b"\n", b"\r\n"))
    if len(body) <= LONGEST and _depth(body) <= DEEPEST:
        yield from _rewritten(body)
    yield from (b"", b"{}")


def _rewritten(body: bytes) -> Iterator[bytes]:
    try:
        values = [
            json.loads(body, parse_float=_literal, parse_int=_literal),
            json.loads(body),
            json.loads(body, parse_float=_shortest),
        ]
    except (ValueError, RecursionError):
        return
    for value, options, ascii_only, sort in product(values, _WRITTEN, (False, True), (False, True)):
        try:
            text = _LITERAL.sub(r"\1", json.dumps(value, ensure_ascii=ascii_only, sort_keys=sort, **options))
            # PHP writes a slash with a backslash before it, unless it is told not to.
            yield from (text.encode(), text.replace("/", "\\/").encode())
        except (ValueError, RecursionError):  # Half of a surrogate pair has no UTF-8.
            continue


def _depth(body: bytes) -> int:
    """How deep it is nested."""
    deepest = depth = 0
    for bracket in _BRACKET.findall(body):
        depth += (bracket in b"[{") - (bracket in b"]}")
        deepest = max(deepest, depth)
    return deepest


def _literal(literal: str) -> str:
    """A number that is to be written as it was read, marked as one."""
    return f"\0{literal}\0"


def _shortest(literal: str) -> float | int:
    """As JavaScript writes it: 10.00 is 10."""
    number = float(literal)
    return int(number) if number.is_integer() else number
