"""Requests of the judge, and how it reads answers."""

import pytest

from handlers.judge.exchange import Answer, Request
from tests.merchant import NOON

PLAIN = Request((("A", "1"), ("B", "2")))


def test_a_header_is_replaced_in_its_place() -> None:
    """Another value takes the place of the one there was; a new name goes to the end."""
    assert PLAIN.with_header("A", "3").headers == (("A", "3"), ("B", "2"))
    assert PLAIN.with_header("C", "3").headers == (("A", "1"), ("B", "2"), ("C", "3"))


def test_a_second_header_of_a_name_stands_before_or_behind() -> None:
    """A name may come twice, in either order."""
    assert PLAIN.with_second("B", "3", first=True).headers == (("B", "3"), ("A", "1"), ("B", "2"))
    assert PLAIN.with_second("A", "3", first=False).headers == (("A", "1"), ("B", "2"), ("A", "3"))


def test_a_header_can_be_left_out_and_spelt_otherwise() -> None:
    """What is left out is gone, and spelling changes names alone."""
    assert PLAIN.without("A").headers == (("B", "2"),)
    assert PLAIN.spelt(str.lower).headers == (("a", "1"), ("b", "2"))


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"\xff", b'"text"', b"[" * 100_000, b"9" * 5_000],
    ids=["empty", "list", "no UTF-8", "text", "deep", "big"],
)
def test_an_answer_that_is_no_object_has_no_members(body: bytes) -> None:
    """Whatever a server says, reading it ends well: no members, no code, no message, no token."""
    answer = Answer(PLAIN, NOON, 200, body=body)
    assert (answer.members, answer.code, answer.message, answer.token) == ({}, "", "", "")


def test_an_answer_is_read_by_its_members() -> None:
    """Code and message are texts whatever the server sends; a token is one only if it is."""
    body = b'{"responseCode":2007300,"responseMessage":"Successful","accessToken":5}'
    answer = Answer(PLAIN, NOON, 200, (("x-timestamp", "then"),), body)
    assert (answer.code, answer.message, answer.token) == ("2007300", "Successful", "")
    assert (answer.header("x-timestamp"), answer.header("allow")) == ("then", None)
