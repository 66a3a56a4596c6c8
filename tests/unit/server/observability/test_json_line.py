"""A log line as JSON."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.server.observability.fields import CUT
from handlers.server.observability.json_line import LONGEST_LINE, JsonLine

LINE = {"event": "settings.refused", "level": "error", "timestamp": "2026-01-22T05:00:00Z", "request_id": "1"}
RENDER = {"snap": JsonLine(), "ecs": JsonLine()}
RENDER["ecs"].use("ecs")
BOTH = pytest.mark.parametrize("names", RENDER)
LONG = st.tuples(st.text(max_size=5), st.integers(0, 20_000)).map(lambda each: each[0] * each[1])
VALUES = (
    LONG | st.integers() | st.floats() | st.binary() | st.lists(LONG) | st.dictionaries(st.text() | st.integers(), LONG)
)


def _rendered(line: dict[str, Any], names: str = "snap") -> dict[str, Any]:
    """The fields of the line. Its bytes and its line end are within the limit."""
    text = RENDER[names].render(line)
    assert len(text.encode()) + 1 <= LONGEST_LINE
    fields: dict[str, Any] = json.loads(text, parse_constant=_refuse)
    return fields


def _refuse(constant: str) -> None:
    """JSON has no NaN and no Infinity (RFC 8259, section 6), and Python's parser takes both."""
    raise AssertionError(constant)


def test_a_short_line_is_unchanged() -> None:
    """A line within the limit has all its fields, and no field `cut`."""
    assert _rendered(LINE) == LINE


@BOTH
def test_the_limit_is_exact(names: str) -> None:
    """A line of 16,384 bytes with its line end is not cut, and a line with one byte more is."""
    label = "labels." if names == "ecs" else ""
    room = LONGEST_LINE - 1 - len(RENDER[names].render({**LINE, "text": ""}))
    assert f"{label}{CUT}" not in _rendered({**LINE, "text": "a" * room}, names)
    assert _rendered({**LINE, "text": "a" * (room + 1)}, names)[f"{label}{CUT}"] == [f"{label}text"]


def test_a_long_text_is_cut_at_its_end() -> None:
    """The beginning of a text stays, and `cut` names the field."""
    fields = _rendered({**LINE, "advice": "short", "cause": "a" + "b" * 100_000})
    assert fields.pop("cause") == "a" + "b" * 12_287 + "..."
    assert fields == {**LINE, "advice": "short", CUT: ["cause"]}


@pytest.mark.parametrize("name", ["exception", "stack"])
def test_a_long_traceback_is_cut_at_its_start(name: str) -> None:
    """The end of a traceback stays, because the error is there."""
    assert _rendered({**LINE, name: "b" * 100_000 + "a"})[name] == "..." + "b" * 12_287 + "a"


def test_a_long_list_becomes_a_text() -> None:
    """A list or an object that is too long becomes the beginning of its JSON."""
    fields = _rendered({**LINE, "mistakes": ["a mistake"] * 5_000, "keys": {"A": "f" * 50_000}})
    assert fields["mistakes"].startswith('["a mistake","a mistake"')
    assert fields["keys"].startswith('{"A":"fff')
    assert fields[CUT] == ["mistakes", "keys"]


@pytest.mark.parametrize("text", ["\N{GRINNING FACE}", '"', "\\", "\N{BULLET}"])
def test_bytes_count_and_not_characters(text: str) -> None:
    """The limit holds for characters of several bytes, and for those that JSON escapes."""
    fields = _rendered({**LINE, "one": text * 9_000, "two": text * 9_000})
    assert set(fields[CUT]) == {"one", "two"}


@BOTH
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({("a", 1): "b"}, {"('a', 1)": "b"}),
        ([float("nan"), "\ud800"], [None, "\\ud800"]),
        ({1: float("inf")}, {"1": None}),
        ({1: ("a", 2**70)}, {"1": ["a", str(2**70)]}),
    ],
    ids=["a name that is no text", "a lone surrogate", "infinity", "a large number"],
)
def test_a_value_that_json_does_not_have_becomes_a_text(names: str, value: object, expected: object) -> None:
    """Every parser of JSON can read the line."""
    fields = _rendered({**LINE, "each": [value]}, names)
    (found,) = fields["labels.each" if names == "ecs" else "each"]
    assert (json.loads(found, parse_constant=_refuse) if isinstance(found, str) else found) == expected


def test_many_fields_are_left_out() -> None:
    """If there are too many fields, the time, the level, the event and the request ID stay."""
    assert _rendered({**LINE, **{f"field_{number}": number for number in range(5_000)}}) == {**LINE, CUT: True}


def test_a_long_event_is_cut() -> None:
    """A library can log a message of any length."""
    fields = _rendered({**LINE, "event": "a sentence " * 9_000})
    assert fields["event"].startswith("a sentence a sentence")
    assert fields[CUT] == ["event"]


@BOTH
@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(max_size=30), VALUES))
def test_every_line_is_json_within_the_limit(names: str, line: dict[str, Any]) -> None:
    """Whatever the fields are, the line is one JSON object within the limit."""
    text = RENDER[names].render(LINE | line)
    assert "\n" not in text
    _rendered(LINE | line, names)
