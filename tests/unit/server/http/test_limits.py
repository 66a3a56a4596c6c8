"""The limits that apply before the OpenAPI document."""

import asyncio
from collections.abc import Iterable

import pytest
from starlette.types import Message, Receive, Scope

from handlers.server.http import limits
from handlers.server.http.limits import (
    LARGEST_BODY,
    LARGEST_HEADERS,
    LONGEST_TARGET,
    MOST_HEADERS,
    read_body,
    require_bounded,
    require_length,
)
from handlers.server.http.request_headers import RequestHeaders
from handlers.snap.codes import (
    BAD_REQUEST,
    CONTENT_TOO_LARGE,
    HEADERS_TOO_LARGE,
    NOT_FOUND,
    REQUEST_TIMEOUT,
    URI_TOO_LONG,
    ResponseCode,
    SnapError,
)

NAMES = frozenset({b"x-client-key", b"x-timestamp"})


def _receiving(messages: Iterable[Message]) -> Receive:
    left = iter(messages)

    async def receive() -> Message:
        return next(left)

    return receive


def _chunk(body: bytes, *, more: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def _scope(headers: list[tuple[bytes, bytes]], target: bytes = b"/", query: bytes = b"") -> Scope:
    return {"type": "http", "http_version": "1.1", "raw_path": target, "query_string": query, "headers": headers}


def _require_bounded(scope: Scope) -> None:
    require_bounded(scope, RequestHeaders.of(scope["headers"]))


HOST = (b"host", b"merchant.example")
FILLER = LARGEST_HEADERS - sum(map(len, HOST))


@pytest.mark.parametrize(
    "scope",
    [
        _scope([HOST], b"/" * LONGEST_TARGET),
        _scope([HOST], b"/", b"x" * (LONGEST_TARGET - 1)),
        _scope([HOST] + [(b"", b"")] * (MOST_HEADERS - 1)),
        _scope([HOST, (b"x", b"y" * (FILLER - 1))]),
    ],
    ids=["target", "query", "number of headers", "size of headers"],
)
def test_what_is_exactly_at_a_limit_passes(scope: Scope) -> None:
    """A limit is the largest allowed value."""
    _require_bounded(scope)


@pytest.mark.parametrize(
    ("scope", "code", "reason"),
    [
        (_scope([HOST], b"/" * (LONGEST_TARGET + 1)), URI_TOO_LONG, "target.too_long"),
        (_scope([HOST], b"/a%2Db"), NOT_FOUND, "path.unknown"),
        (_scope([HOST], b"/", b"x" * LONGEST_TARGET), URI_TOO_LONG, "target.too_long"),
        (_scope([HOST] + [(b"", b"")] * MOST_HEADERS), HEADERS_TOO_LARGE, "headers.too_large"),
        (_scope([HOST, (b"x", b"y" * FILLER)]), HEADERS_TOO_LARGE, "headers.too_large"),
        (_scope([]), BAD_REQUEST, "header.missing"),
        (_scope([(b"host", b"")]), BAD_REQUEST, "header.missing"),
        (_scope([HOST, HOST]), BAD_REQUEST, "header.duplicated"),
    ],
    ids=["target", "escape", "query", "number of headers", "size of headers", "no Host", "empty Host", "two Hosts"],
)
def test_what_is_beyond_a_limit_is_refused(scope: Scope, code: ResponseCode, reason: str) -> None:
    """Each exceeded limit has its own code. An escaped path and a number of Hosts other than one are refused."""
    with pytest.raises(SnapError) as refusal:
        _require_bounded(scope)
    assert (refusal.value.code, refusal.value.reason) == (code, reason)
    assert refusal.value.log_fields == ({"header": "host"} if code is BAD_REQUEST else {})


def test_a_target_has_no_fragment() -> None:
    """A request target with a `#` is refused (RFC 9112, section 3.2)."""
    with pytest.raises(SnapError) as refusal:
        _require_bounded(_scope([HOST], b"/a#b"))
    assert (refusal.value.code, refusal.value.reason) == (BAD_REQUEST, "target.malformed")


@pytest.mark.parametrize(
    ("version", "codings", "passes"),
    [
        ("1.1", [], True),
        ("1.1", [b"chunked"], True),
        ("1.1", [b"Chunked"], True),
        ("1.0", [], True),
        ("1.0", [b"chunked"], False),
        ("2.0", [], False),
        ("0.9", [], False),
        ("1.1", [b"gzip, chunked"], False),
        ("1.1", [b"identity"], False),
        ("1.1", [b"chunked", b"chunked"], False),
    ],
)
def test_only_the_protocol_that_is_understood_passes(version: str, codings: list[bytes], *, passes: bool) -> None:
    """HTTP/1.0, and HTTP/1.1 with or without chunks, are accepted. Otherwise the connection closes."""
    scope = {**_scope([HOST, *((b"transfer-encoding", each) for each in codings)]), "http_version": version}
    if passes:
        _require_bounded(scope)
        return
    with pytest.raises(SnapError) as refusal:
        _require_bounded(scope)
    assert (refusal.value.code, refusal.value.reason) == (BAD_REQUEST, "protocol.unsupported")
    assert refusal.value.headers == {"Connection": "close"}


def test_named_headers_are_found_once() -> None:
    """Only repeated headers with the given names are refused."""
    headers = [(b"other", b"1"), (b"x-client-key", b"A"), (b"other", b"2")]
    sent = RequestHeaders.of(headers)
    sent.require_single(NAMES)
    assert (sent.get(b"x-client-key"), sent.get(b"x-timestamp")) == ("A", "")


def test_a_second_copy_is_refused_by_name() -> None:
    """A repeated header is refused, and the log gets its name."""
    with pytest.raises(SnapError) as refusal:
        RequestHeaders.of([(b"x-timestamp", b"A"), (b"x-timestamp", b"A")]).require_single(NAMES)
    assert refusal.value.code is BAD_REQUEST
    assert refusal.value.log_fields == {"header": "x-timestamp"}


@pytest.mark.parametrize(
    ("length", "passes"),
    [
        (None, True),
        (b"0", True),
        (b"16384", True),
        (b"0" * 5_000 + b"16384", True),
        (b"16385", False),
        (b"9" * 5_000, False),
    ],
    ids=["none", "zero", "at the limit", "zeros in front", "over the limit", "5,000 digits"],
)
def test_a_length_over_the_limit_is_refused_before_the_body(length: bytes | None, *, passes: bool) -> None:
    """A Content-Length over the limit is refused, with any number of digits, and the connection closes."""
    sent = RequestHeaders.of([] if length is None else [(b"content-length", length)])
    if passes:
        require_length(sent, LARGEST_BODY)
        return
    with pytest.raises(SnapError) as refusal:
        require_length(sent, LARGEST_BODY)
    assert (refusal.value.code, refusal.value.reason) == (CONTENT_TOO_LARGE, "body.too_large")
    assert refusal.value.headers == {"Connection": "close"}


def test_a_body_in_pieces_is_put_together() -> None:
    """All pieces of a body are joined."""
    pieces = [_chunk(b"{", more=True), {"type": "http.request", "more_body": True}, _chunk(b"}", more=True)]
    assert asyncio.run(read_body(_receiving([*pieces, {"type": "http.request"}]))) == b"{}"


def test_a_body_of_exactly_the_limit_is_read() -> None:
    """The limit itself is not too large."""
    assert len(asyncio.run(read_body(_receiving([_chunk(b"x" * LARGEST_BODY, more=False)])))) == LARGEST_BODY


def test_the_limit_of_a_body_can_be_another() -> None:
    """A reader may be given a limit of its own."""
    assert asyncio.run(read_body(_receiving([_chunk(b"xx", more=False)]), 2)) == b"xx"
    with pytest.raises(SnapError) as refusal:
        asyncio.run(read_body(_receiving([_chunk(b"xxx", more=False)]), 2))
    assert refusal.value.code is CONTENT_TOO_LARGE


def test_a_body_too_large_is_not_read_further() -> None:
    """The body is refused at the first byte over the limit, and the rest is not read."""
    pieces = [_chunk(b"x" * LARGEST_BODY, more=True), _chunk(b"x", more=True)]
    with pytest.raises(SnapError) as refusal:
        asyncio.run(read_body(_receiving(pieces)))
    assert (refusal.value.code, refusal.value.reason) == (CONTENT_TOO_LARGE, "body.too_large")
    assert refusal.value.headers == {"Connection": "close"}


def test_a_body_that_breaks_off_is_refused() -> None:
    """A client that disconnects within its body is refused."""
    with pytest.raises(SnapError) as refusal:
        asyncio.run(read_body(_receiving([_chunk(b"{}", more=True), {"type": "http.disconnect"}])))
    assert (refusal.value.code, refusal.value.reason) == (BAD_REQUEST, "body.incomplete")


def test_a_slow_body_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the deadline an incomplete body is refused, and the connection closes."""
    monkeypatch.setattr(limits, "BODY_SECONDS", 0)
    with pytest.raises(SnapError) as refusal:
        asyncio.run(read_body(_receiving([_chunk(b"", more=True)])))
    assert (refusal.value.code, refusal.value.headers) == (REQUEST_TIMEOUT, {"Connection": "close"})
    assert refusal.value.reason == "body.too_slow"
    assert asyncio.run(read_body(_receiving([_chunk(b"{}", more=False)]))) == b"{}"
