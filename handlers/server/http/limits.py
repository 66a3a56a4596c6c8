"""What must hold of a request before the document's own rules are asked: sizes, single-valued headers, media type."""

import asyncio
from itertools import chain

from starlette.types import Receive, Scope

from handlers.server.http.request_headers import Headers, RequestHeaders
from handlers.snap.codes import (
    BAD_REQUEST,
    CONTENT_TOO_LARGE,
    HEADERS_TOO_LARGE,
    NOT_FOUND,
    REQUEST_TIMEOUT,
    URI_TOO_LONG,
    SnapError,
)

LONGEST_TARGET = 2_048
"""Bytes of path and query."""

MOST_HEADERS = 64
LARGEST_HEADERS = 16_384
"""Bytes of all names and values."""

LARGEST_BODY = 16_384
"""Bytes. A token request has about 60."""

# Digits of a Content-Length that are read, without leading zeros. No limit has so many.
_MOST_DIGITS = 20

BODY_SECONDS = 10.0
"""From the end of the headers to the end of the body."""


_PROTOCOLS = frozenset({("1.1", None), ("1.1", b"chunked"), ("1.0", None)})

_HOST = frozenset({b"host"})

# What is left of the request on the connection is not read, so nothing else can follow on it.
_CLOSE = {"Connection": "close"}


def require_bounded(scope: Scope, sent: RequestHeaders) -> None:
    """Hold target and headers against their limits, and against what HTTP demands and httptools lets pass.

    That is one Host and no fragment (RFC 9112, 3.2), HTTP/1.0 or 1.1, and no transfer coding but chunked, which 1.0
    has not (6.1). An escaped path is another path: whoever stands before this server compares paths as they are sent;
    so does it.

    Raises:
        SnapError: 414 00, 431 00, 400 00, or 404 00.
    """
    headers: Headers = scope["headers"]
    if b"#" in scope["raw_path"]:
        raise SnapError(BAD_REQUEST, reason="target.malformed")
    if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_TARGET:
        raise SnapError(URI_TOO_LONG, reason="target.too_long")
    if len(headers) > MOST_HEADERS or sum(map(len, chain.from_iterable(headers))) > LARGEST_HEADERS:
        raise SnapError(HEADERS_TOO_LARGE, reason="headers.too_large")
    sent.require_single(_HOST)
    if not sent.values.get(b"host"):
        raise SnapError(BAD_REQUEST, reason="header.missing", header="host")
    coding = sent.values.get(b"transfer-encoding")
    if (scope["http_version"], coding and coding.lower()) not in _PROTOCOLS or b"transfer-encoding" in sent.repeated:
        raise SnapError(BAD_REQUEST, reason="protocol.unsupported", headers=_CLOSE)
    if b"%" in scope["raw_path"]:
        raise SnapError(NOT_FOUND, reason="path.unknown")


def require_length(sent: RequestHeaders, largest: int) -> None:
    """Compare the Content-Length with the limit before the body is read (RFC 9110, section 10.1.1).

    Raises:
        SnapError: 413 00, the body would be too large.
    """
    length = sent.values.get(b"content-length", b"").lstrip(b"0")[:_MOST_DIGITS]
    if length and int(length) > largest:
        raise _too_large()


async def read_body(receive: Receive, largest: int = LARGEST_BODY) -> bytes:
    """The whole body, chunked or not, of at most so many bytes.

    The clock is looked at whenever something comes; the connection sees to it that, at the deadline, something does.

    Raises:
        SnapError: 408 00, it is not there in time; 413 00, at the first byte too many, the rest is not read;
            400 00, the client left before the end.
    """
    time = asyncio.get_running_loop().time
    deadline = time() + BODY_SECONDS
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise SnapError(BAD_REQUEST, reason="body.incomplete")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > largest:
            raise _too_large()
        if more and time() >= deadline:
            raise SnapError(REQUEST_TIMEOUT, reason="body.too_slow", headers=_CLOSE)
    return bytes(body)


def _too_large() -> SnapError:
    return SnapError(CONTENT_TOO_LARGE, reason="body.too_large", headers=_CLOSE)
