"""Any value as JSON that every parser can read (RFC 8259)."""

import orjson

_INTEGER_BITS = 63
"""The bits of the largest integer that orjson writes for every sign."""


def json_bytes(value: object) -> bytes:
    """The value as JSON in UTF-8. A number that JSON does not have, such as NaN, becomes null."""
    try:
        return orjson.dumps(value, default=repr)
    except TypeError:
        return orjson.dumps(_plain(value), default=repr)


def _plain(value: object) -> object:
    """The value in types that orjson can write. Names of other types and large numbers become texts."""
    match value:
        case dict():
            return {_text(str(name)): _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case str():
            return _text(value)
        case int() if value.bit_length() > _INTEGER_BITS:
            return str(value)
    return value


def _text(text: str) -> str:
    """The text without lone surrogates, which UTF-8 does not have."""
    return text.encode("utf-8", "backslashreplace").decode()
