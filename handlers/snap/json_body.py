"""A JSON body (RFC 8259), parsed strictly, so that two parsers cannot read the same body differently."""

import json
from decimal import Decimal, InvalidOperation
from typing import Never

from handlers.snap.codes import BAD_REQUEST, SnapError

DEEPEST = 32
"""The most levels of arrays and objects. A token request has two."""

# The first characters of numbers, `true` and `false`.
_LITERALS = frozenset("-0123456789tf")

# Python always converts this many digits to an int. `sys.set_int_max_str_digits` allows no lower limit.
_MOST_DIGITS = 640

# A Decimal can have this exponent, even if its coefficient is as long as a body.
_LARGEST_EXPONENT = 9 * 10**17


def parse(raw: bytes) -> object:
    """Return the value of a JSON text in UTF-8. Every number is accepted, and none is rounded (see `number`).

    Raises:
        SnapError: 400 00 for an empty body, a byte-order mark, text that is not UTF-8 or not JSON, NaN or Infinity, a
            duplicate member, half of a surrogate pair, or nesting deeper than `DEEPEST`.
    """
    try:
        value: object = _DECODER.decode(raw.decode("utf-8"))
        _require_plain(value, DEEPEST)
    except (ValueError, RecursionError) as error:
        raise SnapError(BAD_REQUEST, reason="body.not_json", cause=str(error)) from error
    return value


def literal(text: str) -> object:
    """Return the value of a JSON text that is a number, `true` or `false`.

    Raises:
        ValueError: The text is anything else.
    """
    if text[:1] in _LITERALS:
        value, end = _DECODER.raw_decode(text)
        if end == len(text):
            return value
    message = "neither a number nor a boolean"
    raise ValueError(message)


def number(text: str) -> int | Decimal:
    """Return the exact value of a JSON number: an int if Python converts that many digits, otherwise a Decimal.

    No Decimal has an exponent of more than 18 digits. It is replaced with the largest or the smallest exponent. No
    schema contains a number of that size, so every comparison still has the right result.
    """
    try:
        return int(text) if len(text) <= _MOST_DIGITS and text.lstrip("-").isdigit() else Decimal(text)
    except InvalidOperation:
        digits, _, exponent = text.lower().partition("e")
        return Decimal(f"{digits}e{'-' if exponent.startswith('-') else ''}{_LARGEST_EXPONENT}")


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


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        message = "a member occurs twice"
        raise ValueError(message)
    return members


def _refuse(literal: str) -> Never:
    message = f"{literal} is not JSON"
    raise ValueError(message)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_duplicates, parse_int=number, parse_float=number, parse_constant=_refuse
)
