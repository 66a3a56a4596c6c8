"""The output of `snap-token audit`: the verdict on a trail, and its lines as a table, JSON or CSV."""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import orjson

from handlers.audit.reading import StoredFile, TrailLine
from handlers.audit.selection import Selection
from handlers.audit.verification import Verification
from handlers.escaping import escaped
from handlers.snap.timestamp import JAKARTA

Format = Literal["table", "json", "csv"]

COLUMNS = (
    *("number", "time", "event", "client", "outcome", "response_code", "reason", "request_id", "remote"),
    *("service_code", "method", "path", "external_id", "partner_id", "form", "token", "key"),
    *("signature_sha256", "body_sha256", "trace_id", "previous"),
)
"""The columns of CSV. The column `other` has all other members of a line, as JSON."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins with one of these is a formula for a spreadsheet (OWASP, CSV Injection)."""

_WIDTHS = {"time (WIB)": 19, "event": 15, "client": 14, "code": 7, "remote": 15, "request id": 32, "details": 0}
_DETAILS = ("reason", "service_code", "method", "path", "external_id", "form", "user", "file")

_ADVICE = "add --earlier to see whether lines were cut off after the last one"
_CUT_OFF_LATER = "nothing shows whether lines that are younger than the earlier result were cut off"


def verdict_text(verification: Verification) -> str:
    """The verdict in one sentence."""
    fault = verification.fault
    if fault:
        number = "" if fault.number is None else f" (number {fault.number})"
        return f"BROKEN: {fault.file} line {fault.line}{number} {fault.message}"
    if not verification.keys.by_fingerprint:
        return "the chain is whole, but no signature was verified; add --public-key"
    return "whole"


def trust_text(verification: Verification, selection: Selection) -> str:
    """What `show` says on standard error: how many lines it showed, and whether they can be trusted."""
    count = selection.count
    lines = "no line matches" if not count else "1 line" if count == 1 else f"{count} lines"
    if selection.unseen:
        lines += f", and no line of the trail has {' or '.join(map(escaped, sorted(selection.unseen)))}"
    advice = "; do not rely on lines from there on" if verification.fault else ""
    return f"snap-token: {lines}; the trail: {escaped(verdict_text(verification))}{advice}\n"


def summary_text(files: Sequence[StoredFile], verification: Verification) -> str:
    """The verification on one screen."""
    rows = {
        "files": f"{len(files)}, from {files[0].name} to {files[-1].name}",
        "lines": _lines_text(verification),
        "from": _time_text(verification.first),
        "to": _time_text(verification.last),
        "checkpoints": _checkpoints_text(verification),
        "end": _end_text(verification),
        "verdict": verdict_text(verification),
    }
    lines = [f"{name:<12} {escaped(text)}" for name, text in rows.items() if text]
    return "\n".join([*lines, *(f"{'note':<12} {escaped(note)}" for note in _notes(verification)), ""])


def _notes(verification: Verification) -> Sequence[str]:
    more = verification.more_notes
    return [*verification.notes, *([f"and {more} more notes"] if more else [])]


def _lines_text(verification: Verification) -> str:
    return f"{verification.lines} verified" + (" before the broken one" if verification.fault else "")


def _time_text(line: TrailLine | None) -> str:
    return f"{_jakarta(line.time)} WIB, number {line.number}" if line and line.time else "-"


def _checkpoints_text(verification: Verification) -> str:
    how = "signatures verified" if verification.keys.by_fingerprint else "signatures NOT verified"
    return f"{verification.checkpoints}, {how}"


def _end_text(verification: Verification) -> str:
    """What nobody can know about the end of the trail. Empty if the trail is broken anyway."""
    last, checkpoint = verification.last, verification.checkpoint
    if verification.fault or last is None or last.number is None:
        return ""
    unsigned = last.number - (checkpoint.number or 0 if checkpoint else 0)
    lines = "1 line is" if unsigned == 1 else f"{unsigned} lines are"
    signed = f"{lines} not signed yet" if unsigned else "every line is signed"
    return f"{signed}; {_CUT_OFF_LATER if verification.known else _ADVICE}"


def summary_json(files: Sequence[StoredFile], verification: Verification) -> str:
    """The verification as JSON."""
    data = {
        "verdict": "broken" if verification.fault else "whole",
        "signatures_verified": bool(verification.keys.by_fingerprint),
        "files": len(files),
        "lines": verification.lines,
        "checkpoints": verification.checkpoints,
        "first": _as_data(verification.first),
        "last": _as_data(verification.last),
        "last_checkpoint": _as_data(verification.checkpoint),
        "fault": verification.fault,
        "notes": verification.notes,
        "more_notes": verification.more_notes,
    }
    return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _as_data(line: TrailLine | None) -> Mapping[str, object] | None:
    members = line.members if line else None
    if line is None or members is None:
        return None
    return {"file": line.name, "line": line.place, "number": line.number, "time": members["time"], "hash": line.hash}


def write_lines(lines: Iterable[TrailLine], how: Format) -> None:
    """Write the lines to standard output, one after the other. No line is kept in memory."""
    {"table": _write_table, "json": _write_json, "csv": _write_csv}[how](lines)


def _write_table(lines: Iterable[TrailLine]) -> None:
    head = _row(_WIDTHS)
    for line in lines:
        sys.stdout.write(head + _row(_cells(line)))
        head = ""


def _cells(line: TrailLine) -> Sequence[str]:
    members = line.members or {}
    known = [line.event, *(members.get(name) for name in ("client", "response_code", "remote", "request_id"))]
    details = [str(members[name]) for name in _DETAILS if members.get(name) is not None]
    cells = [_jakarta(line.time), *("-" if each is None else each for each in known), " ".join(details)]
    return [escaped(str(each)) for each in cells]


def _row(cells: Iterable[str]) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS.values(), strict=True)).rstrip() + "\n"


def _write_json(lines: Iterable[TrailLine]) -> None:
    separator = "["
    for line in lines:
        sys.stdout.write(
            f"{separator}\n{_json({'trail_file': line.name, 'trail_line': line.place, **(line.members or {})})}"
        )
        separator = ","
    sys.stdout.write("[]\n" if separator == "[" else "\n]\n")


def _write_csv(lines: Iterable[TrailLine]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\r\n")
    writer.writerow([*COLUMNS, "other"])
    for line in lines:
        members = line.members or {}
        other = {name: value for name, value in members.items() if name not in COLUMNS}
        writer.writerow([_cell(each) for each in (*map(members.get, COLUMNS), _json(other) if other else None)])


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _cell(value: object) -> str:
    text = escaped(value if isinstance(value, str) else "" if value is None else _json(value))
    return f"'{text}" if text.startswith(_FORMULA) else text


def _jakarta(time: datetime | None) -> str:
    return time.astimezone(JAKARTA).strftime("%Y-%m-%d %H:%M:%S") if time else "-"
