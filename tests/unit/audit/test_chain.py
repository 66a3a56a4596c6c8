"""The chain of hashes and numbers."""

import json
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from handlers.audit.chain import FIRST_PREVIOUS, LONGEST_LINE, LastLine, chained, chained_lines, last_line, parse_line
from handlers.audit.record import Record

NOON = datetime(2026, 11, 29, 5, tzinfo=UTC)
ISSUED = Record("token.issued", NOON, {"client": "IONPAYTEST", "key": None})


def test_each_line_has_the_hash_of_the_line_before() -> None:
    """The first line names 64 zeros, and each further line the SHA-256 of the line before it without its line end."""
    lines, last = chained_lines([ISSUED, ISSUED, ISSUED], LastLine())
    hashes = [FIRST_PREVIOUS, *(sha256(line.rstrip(b"\n")).hexdigest() for line in lines)]
    assert [json.loads(line)["previous"] for line in lines] == hashes[:-1]
    assert [json.loads(line)["number"] for line in lines] == [1, 2, 3]
    assert last == LastLine(3, hashes[-1], "token.issued", "2026-11-29T05:00:00.000000Z")
    assert last.hour == "2026-11-29T05"


def test_a_line_is_one_object_whose_first_members_are_those_of_the_chain() -> None:
    """A line begins with previous, number, time and event; it has no blank, and no member without a value."""
    (line,), _ = chained_lines([ISSUED], LastLine())
    assert line == (
        b'{"previous":"%s","number":1,"time":"2026-11-29T05:00:00.000000Z","event":"token.issued",'
        b'"client":"IONPAYTEST"}\n'
    ) % (b"0" * 64)


def test_a_line_is_the_start_of_the_next_one() -> None:
    """A process that reads the last line of another process continues the same chain."""
    lines, last = chained_lines([ISSUED, ISSUED], LastLine())
    assert last_line(lines[-1].rstrip(b"\n")) == last


def test_text_that_utf_8_cannot_express_is_replaced() -> None:
    """No value of a field can stop the trail."""
    (line,), last = chained_lines([Record("settings.refused", NOON, {"mistakes": ["\udcff", NOON]})], LastLine())
    assert json.loads(line)["mistakes"] == ["?", "2026-11-29 05:00:00+00:00"]
    assert last_line(line.rstrip(b"\n")) == last


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\0\0\0",
        b'{"number":1,"time":"x","event":"y"}',
        b'{"previous":"0","number":1,"time":"x","event"',
        b'{"previous":"0","number":1,"time":"x"}',
        b'{"previous":"0","number":"1","time":"x","event":"y"}',
    ],
)
def test_what_a_crash_tore_is_no_line(line: bytes) -> None:
    """A part of a line, or the zeros that a file system can leave, is not taken for a line."""
    assert parse_line(line) is None
    assert last_line(line) is None


@pytest.mark.parametrize(
    "fields", [{"mistakes": ["x" * 100] * 1_000}, dict.fromkeys(map(str, range(40)), "\0" * 9_000)]
)
def test_a_line_that_is_too_long_is_cut(fields: dict[str, object]) -> None:
    """A line stays readable, however long its values are. The member `cut` names the values that were cut."""
    line, last = chained(Record("settings.refused", NOON, {**fields, "cause": "short"}), LastLine())
    assert len(line) < LONGEST_LINE
    assert last_line(line) == last
    members = json.loads(line)
    assert (members["cause"], members["cut"]) == ("short", list(fields))
    assert all(members[name].endswith("...") for name in fields)
