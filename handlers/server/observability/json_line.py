"""A log line as JSON: with the field names that the settings choose, and never longer than `LONGEST_LINE`."""

from structlog.typing import EventDict, WrappedLogger

from handlers.config.log_table import FieldNames
from handlers.server.observability import elastic_common_schema
from handlers.server.observability.fields import CUT, LogFields
from handlers.server.observability.json_bytes import json_bytes

LONGEST_LINE = 16_384
"""Maximum number of bytes of a line, with its line end. Log shippers split or drop longer lines."""

_MOST_CHARACTERS = (12_288, 4_096, 1_024, 256, 64)
"""The lengths to which values are cut, one after the other, until the line is short enough."""

_ALWAYS = ("timestamp", "level", "event", "request_id")
_MARK = "..."
_CUT_AT_START = frozenset({"exception", "stack"})
"""The error is at the end of a traceback."""


class JsonLine:
    """The structlog processor that renders a line. The field names are `snap` until `use` is called."""

    def __init__(self) -> None:
        self._names: FieldNames = "snap"
        self._worker: LogFields = {}

    def use(self, names: FieldNames, worker: int | None = None) -> None:
        """Render all lines from now on with these field names, and with the process ID of the worker if this is one."""
        self._names = names
        self._worker = {"worker": worker} if worker else {}

    def __call__(self, _logger: WrappedLogger, _method: str, line: EventDict) -> str:
        """Return the line without its line end."""
        return self.render(line)

    def render(self, line: LogFields) -> str:
        """Return the line without its line end. If it is too long, its values are cut, and the field `cut` says so."""
        line = {**line, **self._worker}
        text = self._serialized(line)
        lengths = iter(_MOST_CHARACTERS)
        while len(text) >= LONGEST_LINE:
            length = next(lengths, None)
            text = self._serialized(_cut(line, length) if length else _essence(line))
        return text.decode()

    def _serialized(self, line: LogFields) -> bytes:
        return json_bytes(elastic_common_schema.renamed(line) if self._names == "ecs" else line)


JSON_LINE = JsonLine()
"""The renderer of this process, because a process has one log."""


def _cut(line: LogFields, length: int) -> LogFields:
    shorter = {name: _shortened(name, value, length) for name, value in line.items()}
    return {**shorter, CUT: [name for name, value in line.items() if shorter[name] is not value]}


def _shortened(name: str, value: object, length: int) -> object:
    """The value, or a part of its text if that is longer."""
    text = value if isinstance(value, str) else json_bytes(value).decode()
    if len(text) <= length:
        return value
    return _MARK + text[-length:] if name in _CUT_AT_START else text[:length] + _MARK


def _essence(line: LogFields) -> LogFields:
    """The line without most of its fields, because it has too many of them."""
    return {**_cut({name: line[name] for name in _ALWAYS if name in line}, min(_MOST_CHARACTERS)), CUT: True}
