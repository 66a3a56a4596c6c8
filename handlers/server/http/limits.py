"""Limits that every request must meet before the rules of the OpenAPI document apply: sizes, Host, HTTP version."""

import asyncio
from itertools import chain

from starlette.types import Receive, Scope

from handlers.server.http.request_headers import AsgiHeaders, RequestHeaders
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
"""Maximum length of path and query, in bytes."""

MOST_HEADERS = 64
"""Maximum number of header lines."""

LARGEST_HEADERS = 16_384
"""Maximum size of all header names and values together, in bytes."""

LARGEST_BODY = 16_384
"""Default maximum size of a request body, in bytes. A token request has about 60."""

# A Content-Length is cut to this number of digits before it is parsed. Every limit has fewer digits.
_CONTENT_LENGTH_DIGITS = 20

BODY_SECONDS = 10.0
"""Time limit from the end of the headers to the end of the body."""

_PROTOCOLS = frozenset({("1.1", None), ("1.1", b"chunked"), ("1.0", None)})

_HOST = frozenset({b"host"})

# The rest of the request is not read, so the connection cannot carry another request.
_CLOSE = {"Connection": "close"}


def require_bounded(scope: Scope, headers: RequestHeaders) -> None:
    """Check the target and the headers against the limits, and against rules of HTTP that httptools does not check.

    These rules are: one Host header and no fragment (RFC 9112, section 3.2); HTTP/1.0 or HTTP/1.1; no transfer coding
    except `chunked`, and only in HTTP/1.1 (section 6.1). A percent-encoded path gets 404, because proxies compare paths
    as they are sent, and this server must not decode them differently.

    Raises:
        SnapError: 414 00, the target is too long; 431 00, the headers are too large; 404 00, the path is
            percent-encoded; 400 00, another rule is broken.
    """
    lines: AsgiHeaders = scope["headers"]
    if b"#" in scope["raw_path"]:
        raise SnapError(BAD_REQUEST, reason="target.malformed")
    if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_TARGET:
        raise SnapError(URI_TOO_LONG, reason="target.too_long")
    if len(lines) > MOST_HEADERS or sum(map(len, chain.from_iterable(lines))) > LARGEST_HEADERS:
        raise SnapError(HEADERS_TOO_LARGE, reason="headers.too_large")
    headers.require_single(_HOST)
    if not headers.values.get(b"host"):
        raise SnapError(BAD_REQUEST, reason="header.missing", header="host")
    coding = headers.values.get(b"transfer-encoding")
    if (scope["http_version"], coding and coding.lower()) not in _PROTOCOLS or b"transfer-encoding" in headers.repeated:
        raise SnapError(BAD_REQUEST, reason="protocol.unsupported", headers=_CLOSE)
    if b"%" in scope["raw_path"]:
        raise SnapError(NOT_FOUND, reason="path.unknown")


def require_length(headers: RequestHeaders, largest: int) -> None:
    """Compare the Content-Length with the limit before the body is read (RFC 9110, section 10.1.1).

    Raises:
        SnapError: 413 00, the Content-Length is larger than the limit.
    """
    length = headers.values.get(b"content-length", b"").lstrip(b"0")[:_CONTENT_LENGTH_DIGITS]
    if length and int(length) > largest:
        raise _too_large()


async def read_body(receive: Receive, largest: int = LARGEST_BODY) -> bytes:
    """Read the whole body, chunked or not. `largest` is the maximum size in bytes.

    The deadline is checked whenever `receive` returns. `Connection` makes it return at the deadline.

    Raises:
        SnapError: 408 00, the body did not arrive in time; 413 00, the body is too large, and the rest is not read;
            400 00, the client disconnected before the end of the body.
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
