"""Log fields without control characters: no caller can forge a line, or steer the terminal that shows it."""

from collections.abc import MutableMapping
from typing import Any

from handlers.escaping import escaped

_OF_SEVERAL_LINES = frozenset({"exception", "stack"})
_INDENTED = "\n  "


def escape_control_characters(
    _logger: object, _method: str, fields: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A processor of structlog. A traceback keeps its lines, indented so that none looks like a record."""
    for name, value in fields.items():
        if isinstance(value, str) and value.isprintable():
            continue  # Nearly all of them.
        if name in _OF_SEVERAL_LINES and isinstance(value, str):
            fields[name] = _INDENTED.join(map(escaped, value.split("\n")))
        else:
            fields[name] = _plain(value)
    return fields


def _plain(value: object) -> object:
    """Other types hold no text, or the log shows them by `repr`, which escapes too."""
    match value:
        case str():
            return escaped(value)
        case list() | tuple():
            return [_plain(each) for each in value]
        case dict():
            return {_plain(name): _plain(each) for name, each in value.items()}
    return value
