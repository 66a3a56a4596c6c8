"""Escapes control characters in log fields, so that a caller cannot forge a log line or control a terminal."""

from collections.abc import MutableMapping
from typing import Any

from handlers.escaping import escaped

_MULTILINE_FIELDS = frozenset({"exception", "stack"})
_INDENTED_BREAK = "\n  "


def escape_control_characters(
    _logger: object, _method: str, fields: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A structlog processor. A traceback keeps its line breaks, with indented lines that cannot look like log lines."""
    for name, value in fields.items():
        if isinstance(value, str) and value.isprintable():
            continue  # The usual case.
        if name in _MULTILINE_FIELDS and isinstance(value, str):
            fields[name] = _INDENTED_BREAK.join(map(escaped, value.split("\n")))
        else:
            fields[name] = _escape(value)
    return fields


def _escape(value: object) -> object:
    """Escape texts, also in lists and dictionaries. The log shows other types by `repr`, which escapes too."""
    match value:
        case str():
            return escaped(value)
        case list() | tuple():
            return [_escape(each) for each in value]
        case dict():
            return {_escape(name): _escape(each) for name, each in value.items()}
    return value
