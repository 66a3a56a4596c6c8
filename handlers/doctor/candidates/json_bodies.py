"""The same JSON in other bytes. A client may have hashed one of them before something serialised the body again."""

import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

LONGEST, DEEPEST = 65_536, 32
"""Bytes and levels of nesting. A larger body is not serialised again, because indentation could fill the memory."""

_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"|[][{}]', re.DOTALL)
_MARKED_NUMBER = re.compile(r'"\\u0000([-+.0-9Ee]+)\\u0000"')

_FORMATS: tuple[dict[str, Any], ...] = (
    {"separators": (",", ":")},
    {"separators": (", ", ": ")},
    {"separators": (",", ": ")},
    {"indent": 2},
    {"indent": 4},
    {"indent": "\t"},
)


def alternatives(body: bytes) -> Iterator[bytes]:
    """Yield other bytes for a body. The most likely ones come first, and some come twice."""
    yield from (body.strip(), body + b"\n", body.replace(b"\r\n", b"\n"), body.replace(b"\n", b"\r\n"))
    if len(body) <= LONGEST and _depth(body) <= DEEPEST:
        yield from _serialised_again(body)
    yield from (b"", b"{}")


def _serialised_again(body: bytes) -> Iterator[bytes]:
    try:
        values = [
            json.loads(body, parse_float=_marked_number, parse_int=_marked_number),
            json.loads(body),
            json.loads(body, parse_float=_as_javascript),
        ]
    except (ValueError, RecursionError):
        return
    for value, options, ascii_only, sort in product(values, _FORMATS, (False, True), (False, True)):
        try:
            text = _MARKED_NUMBER.sub(r"\1", json.dumps(value, ensure_ascii=ascii_only, sort_keys=sort, **options))
            # PHP escapes a slash by default.
            yield from (text.encode(), text.replace("/", "\\/").encode())
        except (ValueError, RecursionError):  # A lone surrogate has no UTF-8.
            continue


def _depth(body: bytes) -> int:
    """Return the number of levels of nesting."""
    deepest = depth = 0
    for bracket in _BRACKET.findall(body):
        depth += (bracket in b"[{") - (bracket in b"]}")
        deepest = max(deepest, depth)
    return deepest


def _marked_number(literal: str) -> str:
    """Mark a number as text, so that it is written with the same digits as it was read."""
    return f"\0{literal}\0"


def _as_javascript(literal: str) -> float | int:
    """Convert a number as JavaScript does: 10.00 becomes 10."""
    number = float(literal)
    return int(number) if number.is_integer() else number
