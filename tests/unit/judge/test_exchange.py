"""The requests of the judge, and how it reads answers."""

import pytest

from handlers.judge.exchange import Answer, Request
from tests.merchant import NOON

PLAIN = Request((("A", "1"), ("B", "2")))


def test_a_header_is_replaced_in_its_place() -> None:
    """A new value replaces the old one in the same place. A new header goes to the end."""
    assert PLAIN.with_header("A", "3").headers == (("A", "3"), ("B", "2"))
    assert PLAIN.with_header("C", "3").headers == (("A", "1"), ("B", "2"), ("C", "3"))


def test_a_duplicate_header_comes_first_or_last() -> None:
    """A duplicate header is added before or after all other headers."""
    assert PLAIN.with_duplicate_header("B", "3", first=True).headers == (("B", "3"), ("A", "1"), ("B", "2"))
    assert PLAIN.with_duplicate_header("A", "3", first=False).headers == (("A", "1"), ("B", "2"), ("A", "3"))


def test_a_header_can_be_removed_and_names_can_be_changed() -> None:
    """`without_header` removes a header, and `with_header_names` changes only the names."""
    assert PLAIN.without_header("A").headers == (("B", "2"),)
    assert PLAIN.with_header_names(str.lower).headers == (("a", "1"), ("b", "2"))


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"\xff", b'"text"', b"[" * 100_000, b"9" * 5_000],
    ids=["empty", "list", "no UTF-8", "text", "deep", "big"],
)
def test_a_body_that_is_no_object_has_no_members(body: bytes) -> None:
    """A body that is not a JSON object has no members, no code, no message and no token."""
    answer = Answer(PLAIN, NOON, 200, body=body)
    assert (answer.members, answer.code, answer.message, answer.token) == ({}, "", "", "")


def test_code_message_and_token_are_read_from_the_members() -> None:
    """Code and message are text, even if the server sends a number. A token that is a number does not count."""
    body = b'{"responseCode":2007300,"responseMessage":"Successful","accessToken":5}'
    answer = Answer(PLAIN, NOON, 200, (("x-timestamp", "then"),), body)
    assert (answer.code, answer.message, answer.token) == ("2007300", "Successful", "")
    assert (answer.header("x-timestamp"), answer.header("allow")) == ("then", None)
