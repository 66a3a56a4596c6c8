"""A JSON body (RFC 8259), parsed strictly, so that two parsers cannot read the same body differently."""

import json
from typing import Never

from handlers.snap.codes import BAD_REQUEST, SnapError

DEEPEST = 32
"""The most levels of arrays and objects. A token request has two."""


def parse(raw: bytes) -> object:
    """The value of a JSON text in UTF-8. Numbers stay the text that they are: any literal is fine, none is converted.

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


_DECODER = json.JSONDecoder(object_pairs_hook=_distinct, parse_int=str, parse_float=str, parse_constant=_refuse)
