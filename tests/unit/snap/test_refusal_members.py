"""Templates of additional members for refusals."""

import json
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.snap.codes import CATALOGUE, INTERNAL_CATALOGUE
from handlers.snap.refusal_members import (
    DEEPEST,
    HEADERS,
    LARGEST_PARSED,
    LARGEST_TEMPLATE,
    LONGEST_NUMBER,
    LONGEST_VALUE,
    MOST_PLACEHOLDERS,
    RefusalMembers,
    applies_to,
)
from tests.pages import page

BCA = {
    "virtualAccountData": {
        "inquiryStatus": "01",
        "partnerServiceId": "$body.partnerServiceId",
        "paidAmount": {"value": "$body.paidAmount.value", "currency": "IDR"},
        "billDetails": ["$body.customerNo", 7, 1.5, True, None, {"id": "$header.X-EXTERNAL-ID"}],
    },
    "additionalInfo": {},
}
BODY = {"partnerServiceId": "   11223", "customerNo": '1"2\\3\n', "paidAmount": {"value": "10000.00"}}
RULE = (
    "a text that begins with $ must be $body.NAME or $header.NAME; "
    "a header is one of CHANNEL-ID, ORIGIN, X-CLIENT-KEY, X-EXTERNAL-ID, X-PARTNER-ID, X-TIMESTAMP"
)


def _filled(template: object, body: bytes, headers: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401  any JSON
    """The members as a caller reads them."""
    members = RefusalMembers.parse(json.dumps(template)).filled(lambda name: (headers or {}).get(name, ""), body)
    return json.loads(orjson.dumps(members))


def _value(body: bytes, placeholder: str = "$body.a") -> object:
    return _filled({"x": placeholder}, body)["x"]


def test_placeholders_get_the_values_of_the_call() -> None:
    """Values come from the body and the headers, at any place of the template. Everything else stays as it is."""
    expected = {
        "virtualAccountData": {
            "inquiryStatus": "01",
            "partnerServiceId": "   11223",
            "paidAmount": {"value": "10000.00", "currency": "IDR"},
            "billDetails": ['1"2\\3\n', 7, 1.5, True, None, {"id": "123"}],
        },
        "additionalInfo": {},
    }
    assert _filled(BCA, json.dumps(BODY).encode(), {"X-EXTERNAL-ID": "123"}) == expected


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"1", b"null", b'"a"', b"\xff", b'{"a":1,"a":2}', b"[" * 100, b'{"a":"\\ud800"}', b'{"b":1}'],
)
def test_a_body_without_the_value_gives_an_empty_text(body: bytes) -> None:
    """The member stays with an empty text if the body is no JSON, no object, or lacks the value."""
    assert _value(body) == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"a"', "a"),
        ('"\\u0000</script>\\u20ac"', "\x00</script>€"),
        (f'"{"a" * LONGEST_VALUE}"', "a" * LONGEST_VALUE),
        (f'"{"a" * (LONGEST_VALUE + 1)}"', ""),
        ("12", 12),
        ("-0.5", -0.5),
        ("1" * LONGEST_NUMBER, int("1" * LONGEST_NUMBER)),
        ("1" * (LONGEST_NUMBER + 1), ""),
        ("1" * 5_000, ""),
        ("1.0e400", ""),
        ("true", ""),
        ("null", ""),
        ("[1]", ""),
        ('{"b":1}', ""),
    ],
)
def test_only_short_texts_and_numbers_are_repeated(value: str, expected: object) -> None:
    """Any other value becomes an empty text, and so does a value that is too long."""
    if value == "1.0e400":
        assert orjson.dumps(RefusalMembers({"x": "$body.a"}).filled(str, b'{"a":1.0e400}')) == b'{"x":1.0E+400}'
    else:
        assert _value(f'{{"a":{value}}}'.encode()) == expected


def test_a_number_keeps_its_digits() -> None:
    """A number is not rounded, and zeros at its end stay."""
    members = RefusalMembers({"x": "$body.a"}).filled(str, b'{"a":10000.00000000000000000010}')
    assert orjson.dumps(members) == b'{"x":10000.00000000000000000010}'


def test_a_large_body_is_not_parsed() -> None:
    """A body over 16,384 bytes gives no values, because parsing takes time before anything is verified."""
    body = b'{"a":"1"}'
    assert _value(body + b" " * (LARGEST_PARSED - len(body))) == "1"
    assert _value(body + b" " * (LARGEST_PARSED - len(body) + 1)) == ""


@pytest.mark.parametrize("name", [*HEADERS, "x-external-id"])
def test_some_headers_can_be_repeated(name: str) -> None:
    """Placeholders are written in any letter case. A value that is too long becomes an empty text."""
    assert _filled({"x": f"$header.{name}", "y": f"$HEADER.{name}"}, b"", {name: "1"}) == {"x": "1", "y": "1"}
    assert _filled({"x": f"$header.{name}"}, b"", {name: "1" * (LONGEST_VALUE + 1)}) == {"x": ""}


@given(
    st.binary()
    | st.recursive(st.none() | st.text() | st.floats(allow_nan=False) | st.integers(), st.lists).map(
        lambda value: json.dumps({"a": value, "paidAmount": value, "partnerServiceId": value}).encode()
    )
)
def test_filling_never_fails(body: bytes) -> None:
    """Whatever the body is, the refusal can be written as JSON."""
    assert set(_filled(BCA | {"a": "$body.a"}, body)) == {"virtualAccountData", "additionalInfo", "a"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ('{"a":1,}', "it is not JSON: Expecting property name enclosed in double quotes: line 1 column 8 (char 7)"),
        ('{"a":1} x', "it is not JSON: Extra data: line 1 column 9 (char 8)"),
        ('{"a":NaN}', "it is not JSON: NaN"),
        ("[]", "it must be a JSON object with at least one member"),
        ("{}", "it must be a JSON object with at least one member"),
        ('"$body.a"', "it must be a JSON object with at least one member"),
        ('{"a":{"b":1,"c":2,"b":3}}', "b: the member occurs twice in one object"),
        ('{"responseCode":"1"}', "responseCode: the server sets this member; remove it"),
        ('{"ResponseMessage":"1"}', "ResponseMessage: the server sets this member; remove it"),
        ('{"a":{"b":["$x"]}}', f"a.b[0]: {RULE}"),
        ('{"a":"$"}', f"a: {RULE}"),
        ('{"a":"$body"}', f"a: {RULE}"),
        ('{"a":"$body."}', f"a: {RULE}"),
        ('{"a":"$body.a b"}', f"a: {RULE}"),
        ('{"a":"$body.a..b"}', f"a: {RULE}"),
        ('{"a":"$body.a\\n"}', f"a: {RULE}"),
        ('{"a":"$header.X-SIGNATURE"}', f"a: {RULE}"),
        ('{"a":"$header.Authorization"}', f"a: {RULE}"),
        ('{"a":"$header.X-Internal-Authorization"}', f"a: {RULE}"),
        ('{"a":1e400}', "a: the number is too large"),
        (f'{{"a":-{"9" * 5_000}}}', "a: the number is too large"),
        ('{"a":9223372036854775808}', "a: the number is too large"),
        ('{"a":["\\ud800"]}', "a[0]: it has half of a surrogate pair"),
        ('{"a":{"\\ud800":1}}', "a: it has half of a surrogate pair"),
        (f'{{"a":{"[" * DEEPEST}{"]" * DEEPEST}}}', f"a{'[0]' * (DEEPEST - 1)}: it has more than {DEEPEST} levels"),
        (f'{{"a":"{"é" * 4_096}"}}', f"it is larger than {LARGEST_TEMPLATE} bytes"),
        (
            json.dumps({"a": ["$body.a"] * 33}),
            f"it has 33 placeholders; at most {MOST_PLACEHOLDERS} are allowed",
        ),
    ],
)
def test_a_mistake_has_its_place(text: str, message: str) -> None:
    """One line says what is wrong, and where."""
    with pytest.raises(ValueError, match=r".+") as mistake:
        RefusalMembers.parse(text)
    assert str(mistake.value) == message


def test_very_deep_nesting_is_a_mistake() -> None:
    """A template that could exhaust the stack is refused like any other that is too deep."""
    with pytest.raises(ValueError, match=f"it has more than {DEEPEST} levels$"):
        RefusalMembers.parse(f'{{"a":{"[" * 4_000}{"]" * 4_000}}}')


def test_the_largest_template_is_accepted() -> None:
    """Size, depth and placeholders up to their limits are accepted."""
    deepest: object = "$body." + ".".join("a" * DEEPEST)
    for _ in range(DEEPEST - 1):
        deepest = [deepest]
    template = {"a": deepest, "b": ["$header.ORIGIN"] * (MOST_PLACEHOLDERS - 1), "c": [2**63 - 1, 1e18, -1.5]}
    text = json.dumps(template)
    assert RefusalMembers.parse(text + " " * (LARGEST_TEMPLATE - len(text))).template == template


def test_the_page_has_the_limits() -> None:
    """The page on limits has the numbers that count."""
    assert f"| {LARGEST_TEMPLATE:,} bytes, {DEEPEST} levels, {MOST_PLACEHOLDERS} placeholders |" in page("limits")
    values = f"text of {LONGEST_VALUE} characters, number of {LONGEST_NUMBER} characters"
    assert f"| {values}, from a body of {LARGEST_PARSED:,} bytes |" in page("limits")


def test_refusals_of_the_client_except_401_have_the_members() -> None:
    """Each 4xx of the catalogues except 401, and no other status."""
    codes = {code.status for code in (*CATALOGUE, *INTERNAL_CATALOGUE)}
    assert {status for status in codes if applies_to(status)} == {400, 404, 405, 408, 409, 413, 414, 415, 429, 431}
    assert not any(map(applies_to, (200, 399, 401, 500, 503)))
