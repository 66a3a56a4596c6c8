"""Deviations from JSON in the body of an answer."""

import pytest

from handlers.judge.exchange import Answer, Request
from handlers.judge.expectations import no_token, readable, summary
from handlers.judge.json_body import (
    content_encoding_mistake,
    duplicate_member,
    encoding_mistake,
    lenient_members,
    syntax_mistake,
)
from tests.merchant import NOON

SECRET = "A" * 100


def _answer(body: bytes, **headers: str) -> Answer:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(Request(()), NOON, 200, pairs, body)


@pytest.mark.parametrize("body", [b"{}", b' {"a": [1, 2.5e3, true, null, "\\u00e9"]}\n', '{"a":"é"}'.encode(), b"[]"])
def test_strict_json_has_no_deviation(body: bytes) -> None:
    """JSON in UTF-8 has no deviation, whatever its blanks and escapes are."""
    assert (encoding_mistake(body, "application/json;charset=UTF-8"), syntax_mistake(body), duplicate_member(body)) == (
        "",
        "",
        "",
    )
    assert readable(_answer(body, content_type="application/json")) == ""


@pytest.mark.parametrize(
    "body", [b'\xef\xbb\xbf{"a":1}', '{"a":1}'.encode("utf-16"), b'{"a":1} text', b'{"a":2,"a":1}'], ids=range(4)
)
def test_members_are_read_leniently(body: bytes) -> None:
    """The members are those that the most tolerant client reads, so that an issued token is seen."""
    assert lenient_members(body) == {"a": 1}
    assert readable(_answer(body)) != ""


@pytest.mark.parametrize(
    "body",
    [b'/* ok */{"accessToken":"A"}', b"<accessToken>A</accessToken>", b"{'access_token': 'A'}", b"accessToken=A"],
)
def test_a_token_in_any_text_is_a_token(body: bytes) -> None:
    """A token in a text that is not JSON is still a token that the server must not have issued."""
    assert no_token(_answer(body)).startswith("the server issued a token: HTTP 200 without a SNAP body")


def test_a_refusal_without_json_holds_no_token() -> None:
    """A text that only speaks of tokens is none."""
    assert no_token(_answer(b"no accessToken for you")) != ""
    assert no_token(_answer(b"Forbidden")) == ""
    assert no_token(_answer(b'{"responseMessage":"accessToken: none"}')) == ""


@pytest.mark.parametrize("coding", ["", "identity", " Identity "])
def test_an_uncompressed_answer_has_no_content_encoding(coding: str) -> None:
    """`identity` is no compression."""
    assert content_encoding_mistake(coding) == ""


def test_the_summary_says_why_a_body_is_no_json() -> None:
    """The cause is part of the summary, and no report has a token."""
    body = f"{{'accessToken':'{SECRET}'}}".encode()
    assert summary(_answer(body)).startswith(
        "HTTP 200 without a SNAP body; the body is not JSON: Expecting property name"
    )
    for said in (
        summary(_answer(body)),
        readable(_answer(body)),
        duplicate_member(f'{{"{SECRET}":1,"{SECRET}":2}}'.encode()),
    ):
        assert said
        assert SECRET not in said


@pytest.mark.parametrize("body", [b"[" * 100_000, b"9" * 5_000], ids=["deep", "big"])
def test_a_hostile_body_is_only_no_json(body: bytes) -> None:
    """Nested arrays and huge numbers end in a deviation, and never in an error of the judge."""
    assert syntax_mistake(body).startswith("the body is not JSON: ")
    assert (duplicate_member(body), lenient_members(body)) == ("", {})
