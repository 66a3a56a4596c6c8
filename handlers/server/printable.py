"""Log fields without control characters: no caller can forge a line, or move the cursor of who reads it."""

from collections.abc import MutableMapping
from typing import Any

_OF_SEVERAL_LINES = frozenset({"exception", "stack"})
_INDENTED = "\n  "


def escaped(text: str) -> str:
    r"""A text on one line: what cannot be printed is written as Python writes it in a string, such as `\x1b`.

    That is every control character, C1 and DEL among them, line and paragraph separators (U+2028, U+2029), and
    characters that change the direction of text.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def printable(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog; of a traceback the lines stay, and are indented so that none looks like a record."""
    for name, value in fields.items():
        if isinstance(value, str) and value.isprintable():
            continue  # Nearly all of them.
        if name in _OF_SEVERAL_LINES and isinstance(value, str):
            fields[name] = _INDENTED.join(map(escaped, value.split("\n")))
        else:
            fields[name] = _plain(value)
    return fields


def _plain(value: object) -> object:
    """Other types than these have no text, or are shown by `repr`, which escapes as well."""
    match value:
        case str():
            return escaped(value)
        case list() | tuple():
            return [_plain(each) for each in value]
        case dict():
            return {_plain(name): _plain(each) for name, each in value.items()}
    return value
