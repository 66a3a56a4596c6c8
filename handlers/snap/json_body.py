"""A JSON body (RFC 8259), parsed strictly, so that two parsers cannot read the same body differently."""

import json
from decimal import Decimal, InvalidOperation
from typing import Never

from handlers.snap.codes import BAD_REQUEST, SnapError

DEEPEST = 32
"""The most levels of arrays and objects. A token request has two."""

# How a number, `true` and `false` begin.
_LITERALS = frozenset("-0123456789tf")

# Python converts so many digits to an int, whatever limit it is set (`sys.set_int_max_str_digits`).
_MOST_DIGITS = 640

# An exponent that a Decimal can have, with a coefficient as long as a body.
_FARTHEST = 9 * 10**17


def parse(raw: bytes) -> object:
    """The value of a JSON text in UTF-8. Any number is fine, and none is rounded: see `number`.

    Raises:
        SnapError: 400 00: empty, not UTF-8, a byte-order mark, not JSON, NaN or Infinity, a member named twice, half
            of a surrogate pair, or nested too deep.
    """
    try:
        value: object = _DECODER.decode(raw.decode("utf-8"))
        _require_plain(value, DEEPEST)
    except (ValueError, RecursionError) as error:
        raise SnapError(BAD_REQUEST, reason="body.not_json", cause=str(error)) from error
    return value


def literal(text: str) -> object:
    """The value of a JSON text that is nothing but a number, `true` or `false`.

    Raises:
        ValueError: it is anything else.
    """
    if text[:1] in _LITERALS:
        value, end = _DECODER.raw_decode(text)
        if end == len(text):
            return value
    message = "neither a number nor a boolean"
    raise ValueError(message)


def number(text: str) -> int | Decimal:
    """The exact value of a JSON number: an int where Python converts that many digits, a Decimal elsewhere.

    An exponent of more than 18 digits, which no Decimal has, becomes the largest or the smallest: no schema has such a
    number, so every comparison comes out as it would.
    """
    try:
        return int(text) if len(text) <= _MOST_DIGITS and text.lstrip("-").isdigit() else Decimal(text)
    except InvalidOperation:
        digits, _, exponent = text.lower().partition("e")
        return Decimal(f"{digits}e{'-' if exponent.startswith('-') else ''}{_FARTHEST}")


def _require_plain(value: object, levels: int) -> None:
    """Raise ValueError if arrays and objects have more than `levels` levels, or if a text is not Unicode."""
    match value:
        case str():
            value.encode()
        case dict() | list() if levels == 0:
            message = "nested too deep"
            raise ValueError(message)
        case dict():
            _require_plain([*value, *value.values()], levels)
        case list():
            for member in value:
                _require_plain(member, levels - 1)


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        message = "a member is named twice"
        raise ValueError(message)
    return members


def _refuse(literal: str) -> Never:
    message = f"{literal} is not JSON"
    raise ValueError(message)


_DECODER = json.JSONDecoder(object_pairs_hook=_distinct, parse_int=number, parse_float=number, parse_constant=_refuse)
