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
    """Every value without numbers comes back unchanged, whether it is escaped or plain UTF-8."""
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
def test_a_huge_exponent_is_read(text: str, least: Decimal, most: Decimal) -> None:
    """A huge exponent becomes the largest of a Decimal, so comparisons with other numbers stay right."""
    assert least < number(text) < most


@pytest.mark.parametrize("text", ["7", "-0.5", "1e3", "true", "false"])
def test_a_literal_is_read(text: str) -> None:
    """A number or a boolean in JSON is read."""
    assert literal(text) == json.loads(text)


@pytest.mark.parametrize(
    "text", ["", "null", '"a"', "[1]", "{}", "NaN", "-Infinity", " 1", "1 ", "1,2", "+1", "True", "[" * 9_999]
)
def test_anything_else_is_no_literal(text: str) -> None:
    """Text, arrays, objects, and anything before or after a literal are refused."""
    with pytest.raises(ValueError, match=r"(?s).*") as refusal:
        literal(text)
    assert not isinstance(refusal.value, RecursionError)


@pytest.mark.parametrize("text", ['"\\ud83d\\ude00"', "[" * 32 + "]" * 32, '{"a":' * 32 + "1" + "}" * 32])
def test_json_at_the_limits_is_read(text: str) -> None:
    """A complete surrogate pair and 32 levels are accepted."""
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
    """Text that parsers could read differently gets 400 00. No input causes another error."""
    with pytest.raises(SnapError) as refusal:
        parse(raw)
    assert (refusal.value.code, refusal.value.reason) == (BAD_REQUEST, "body.not_json")


@pytest.mark.parametrize(
    ("raw", "cause"),
    [
        (b"[NaN]", "NaN is not JSON"),
        (b'{"a":1,"a":1}', "a member occurs twice"),
        (b"[" * 33 + b"]" * 33, "nested too deep"),
        (b"", "Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_the_log_has_the_cause(raw: bytes, cause: str) -> None:
    """The caller learns that the body is not JSON. The log has the cause."""
    with pytest.raises(SnapError) as refusal:
        parse(raw)
    assert refusal.value.log_fields == {"cause": cause}
