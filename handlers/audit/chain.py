"""The chain: every line of the trail has the hash of the line before it, and a number.

A line is one JSON object without blanks. Its first members are `previous`, `number`, `time` and `event`. `previous` is
the SHA-256 of the bytes of the line before, without its line end, in lower-case hexadecimal. A line has at most
`LONGEST_LINE` bytes: if its values are longer, they are cut, and the member `cut` names them.
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from handlers.audit.record import Record, render_time

FIRST_PREVIOUS = "0" * 64
"""The `previous` of the first line of a trail."""

LINE_END = b"\n"
LONGEST_LINE = 65_536
"""Bytes, with the line end."""

_MOST_CHARACTERS = (8_192, 512, 64)
"""The lengths to which values are cut, one after the other, until the line is short enough."""

_START, _END = b'{"previous":"', b"}"
_HOUR = len("2026-11-29T03")


class LastLine(NamedTuple):
    """What the next line must know about the last line of the trail. The default is a trail without lines."""

    number: int = 0
    hash: str = FIRST_PREVIOUS
    event: str = ""
    time: str = ""

    @property
    def hour(self) -> str:
        """The hour of its time, in UTC, such as `2026-11-29T03`."""
        return self.time[:_HOUR]


def parse_line(line: bytes) -> Mapping[str, Any] | None:
    """The members of a line, which is given without its line end. None if it is not a whole line of a trail."""
    if not (line.startswith(_START) and line.endswith(_END)):
        return None
    try:
        members = orjson.loads(line)
        orjson.dumps(members)  # Deeper objects can be read than written, and no server has written one.
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    is_whole = isinstance(members.get("number"), int) and {"time", "event"} <= members.keys()
    return members if is_whole else None


def last_line(line: bytes) -> LastLine | None:
    """The line as the last line of the trail. None if it is not a whole line."""
    members = parse_line(line)
    if members is None:
        return None
    return LastLine(members["number"], sha256(line).hexdigest(), str(members["event"]), str(members["time"]))


def chained(record: Record, last: LastLine) -> tuple[bytes, LastLine]:
    """The record as the next line after `last`, without its line end; and this line as the last one."""
    number, time = last.number + 1, render_time(record.time)
    fields = {name: value for name, value in record.fields.items() if value is not None}
    line = _fitting({"previous": last.hash, "number": number, "time": time, "event": record.event}, fields)
    return line, LastLine(number, sha256(line).hexdigest(), record.event, time)


def chained_lines(records: Iterable[Record], last: LastLine) -> tuple[list[bytes], LastLine]:
    """The records as the next lines after `last`, each with its line end; and the last of them."""
    lines = []
    for record in records:
        line, last = chained(record, last)
        lines.append(line + LINE_END)
    return lines, last


def _fitting(start: Mapping[str, object], fields: Mapping[str, object]) -> bytes:
    """The line. If it is too long, the longest values of its fields are cut."""
    line = render({**start, **fields})
    for length in _MOST_CHARACTERS:
        if len(line) < LONGEST_LINE:
            break
        line = render({**start, **_cut(fields, length)})
    return line


def _cut(fields: Mapping[str, object], length: int) -> Mapping[str, object]:
    texts = {name: value if isinstance(value, str) else render(value).decode() for name, value in fields.items()}
    cut = {name: f"{text[:length]}..." for name, text in texts.items() if len(text) > length}
    return {**fields, **cut, "cut": list(cut)}


def render(value: object) -> bytes:
    """The value as JSON. A character that UTF-8 cannot express becomes a question mark."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str).encode(errors="replace")
