"""A body of JSON (RFC 8259), read strictly: what one parser takes for one thing, another must not take for another."""

import json
from typing import Never

from handlers.snap.codes import BAD_REQUEST, SnapError


def parse(raw: bytes) -> object:
    """The value of a JSON text in UTF-8. Numbers stay the text that they are: any literal is fine, none is converted.

    Raises:
        SnapError: 400 00: empty, not UTF-8, not JSON, NaN or Infinity, a member named twice, nested too deep.
    """
    try:
        return json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_distinct,
            parse_int=str,
            parse_float=str,
            parse_constant=_refuse,
        )
    except (ValueError, RecursionError) as error:
        raise SnapError(BAD_REQUEST, reason="body.not_json") from error


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        message = "a member is named twice"
        raise ValueError(message)
    return members


def _refuse(literal: str) -> Never:
    message = f"{literal} is not JSON"
    raise ValueError(message)
