"""What must hold of a request before the document is asked."""

import asyncio
from collections.abc import Iterable

import pytest
from starlette.types import Message, Receive

from handlers.server.guard import LARGEST_BODY, read_body, require_json, single_valued
from handlers.snap.codes import BAD_REQUEST, CONTENT_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, SnapError

NAMES = frozenset({b"x-client-key", b"x-timestamp"})


def _receiving(messages: Iterable[Message]) -> Receive:
    left = iter(messages)

    async def receive() -> Message:
        return next(left)

    return receive


def _chunk(body: bytes, *, more: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def test_named_headers_are_found_once() -> None:
    """Headers of the given names are found, others are passed over however often they come."""
    headers = [(b"x-client-key", b"A"), (b"other", b"1"), (b"other", b"2")]
    assert single_valued(headers, NAMES) == {b"x-client-key": "A"}


def test_a_second_copy_is_refused_by_name() -> None:
    """A header that comes twice is refused, and the log is told which."""
    with pytest.raises(SnapError) as refusal:
        single_valued([(b"x-timestamp", b"A"), (b"x-timestamp", b"A")], NAMES)
    assert refusal.value.code is BAD_REQUEST
    assert refusal.value.facts == {"header": "x-timestamp"}


@pytest.mark.parametrize(
    "content_type",
    [
        "text/json",
        'application/json; charset="\0"',
        "application/json; charset=utf-8-sig",
        "application/json;charset=x" * 9,
    ],
)
def test_what_does_not_mean_json_in_utf8_is_refused(content_type: str) -> None:
    """A charset that is unknown, cannot be looked up, or is not quite UTF-8 is refused and nothing fails."""
    with pytest.raises(SnapError) as refusal:
        require_json(content_type)
    assert refusal.value.code is UNSUPPORTED_MEDIA_TYPE


def test_a_body_in_pieces_is_put_together() -> None:
    """The pieces of a body are joined until the last."""
    pieces = [_chunk(b"{", more=True), _chunk(b"", more=True), _chunk(b"}", more=False)]
    assert asyncio.run(read_body(_receiving(pieces))) == b"{}"


def test_a_body_too_large_is_not_read_further() -> None:
    """At the first byte over the limit the body is refused; what would have followed is left unread."""
    pieces = [_chunk(b"x" * LARGEST_BODY, more=True), _chunk(b"x", more=True)]
    with pytest.raises(SnapError) as refusal:
        asyncio.run(read_body(_receiving(pieces)))
    assert refusal.value.code is CONTENT_TOO_LARGE


def test_a_body_that_breaks_off_is_refused() -> None:
    """A client that leaves in the middle of its body is not taken for one that has finished."""
    with pytest.raises(SnapError) as refusal:
        asyncio.run(read_body(_receiving([_chunk(b"{}", more=True), {"type": "http.disconnect"}])))
    assert (refusal.value.code, refusal.value.reason) == (BAD_REQUEST, "body.incomplete")
