"""Strict JSON."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.snap.codes import BAD_REQUEST, SnapError
from handlers.snap.json_body import literal, number, parse

_VALUES = st.recursive(
    st.none() | st.booleans() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(_VALUES)
def test_json_is_read_as_it_was_written(value: object) -> None:
    """Every value without numbers comes back as it was, whether escaped or in plain UTF-8."""
    assert parse(json.dumps(value).encode()) == value


@pytest.mark.parametrize("text", ["0", "-0", "-1.5e-7", "1e999", "9" * 640, "9" * 641, "9" * 5000, "0.10", "1e3"])
def test_a_number_keeps_its_value(text: str) -> None:
    """No number is too large or too fine, and none is rounded; a short one without a fraction is an int."""
    value = number(text)
    assert parse(f"[{text}]".encode()) == [value]
    assert value == Decimal(text)
    assert isinstance(value, int) == (text.lstrip("-").isdigit() and len(text) <= 640)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("1e9999999999999999999", Decimal("1e99999999"), Decimal("Infinity")),
        ("-2.5E+9999999999999999999", Decimal("-Infinity"), Decimal("-1e99999999")),
        ("1e-9999999999999999999", Decimal(0), Decimal("1e-99999999")),
        ("0e9999999999999999999", Decimal("-1e-99999999"), Decimal("1e-99999999")),
    ],
)
def test_an_exponent_beyond_all_is_read_too(text: str, least: Decimal, most: Decimal) -> None:
    """It becomes the farthest that a Decimal has, on the same side of every other number."""
    assert least < number(text) < most


@pytest.mark.parametrize("text", ["7", "-0.5", "1e3", "true", "false"])
def test_a_literal_is_read(text: str) -> None:
    """A number or a boolean, as JSON writes it."""
    assert literal(text) == json.loads(text)


@pytest.mark.parametrize(
    "text", ["", "null", '"a"', "[1]", "{}", "NaN", "-Infinity", " 1", "1 ", "1,2", "+1", "True", "[" * 9_999]
)
def test_anything_else_is_no_literal(text: str) -> None:
    """Not a text, an array or an object, and nothing before or behind."""
    with pytest.raises(ValueError, match=r"(?s).*") as refusal:
        literal(text)
    assert not isinstance(refusal.value, RecursionError)


@pytest.mark.parametrize("text", ['"\\ud83d\\ude00"', "[" * 32 + "]" * 32, '{"a":' * 32 + "1" + "}" * 32])
def test_what_is_at_a_limit_is_read(text: str) -> None:
    """A whole surrogate pair and 32 levels are fine."""
    assert parse(text.encode())


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"{",
        b"{} {}",
        b"{'a':1}",
        b'{"a":1,}',
        b"[1,]",
        b"01",
        b"+1",
        b".5",
        b"NaN",
        b"[-Infinity]",
        b'{"a":1,"a":1}',
        b'[{"b":{"a":1,"\\u0061":2}}]',
        b'"\x01"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b'"\\ud800"',
        b'{"\\udc00":1}',
        b'[{"a":["\\udfff\\ud800"]}]',
        b"[" * 33 + b"]" * 33,
        b'{"a":' * 33 + b"1" + b"}" * 33,
        b"[" * 100_000,
        b'{"a":' * 10_000,
    ],
)
def test_what_is_not_strictly_json_is_refused(raw: bytes) -> None:
    """What some parser would take and another would not is 400 00, and no input makes the reader fail otherwise."""
    with pytest.raises(SnapError) as refusal:
        parse(raw)
    assert (refusal.value.code, refusal.value.reason) == (BAD_REQUEST, "body.not_json")


@pytest.mark.parametrize(
    ("raw", "cause"),
    [
        (b"[NaN]", "NaN is not JSON"),
        (b'{"a":1,"a":1}', "a member is named twice"),
        (b"[" * 33 + b"]" * 33, "nested too deep"),
        (b"", "Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_the_log_is_told_what_is_wrong(raw: bytes, cause: str) -> None:
    """The caller learns that the body is no JSON, and the log learns why."""
    with pytest.raises(SnapError) as refusal:
        parse(raw)
    assert refusal.value.log_fields == {"cause": cause}
