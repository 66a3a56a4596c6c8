"""A captured request, and the reader of raw HTTP."""

import re
from contextlib import suppress
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple
from urllib.parse import urlsplit

import httptools

from handlers.cli.errors import UsageError
from handlers.doctor.request import Request

_REQUEST = "a request"
_ANY_FORM = "raw HTTP, a curl command or HAR"


MAX_HEAD_LINES = 4_096
"""Lines of the head of a message. The server accepts 64 headers."""

_FIRST_YEAR, _LAST_YEAR = 1971, 9998


class CapturedRequest(NamedTuple):
    """A request. `at` is when it was sent, and `status` is that of the response, if the capture has them."""

    request: Request
    at: datetime | None = None
    status: int | None = None


def checked_year(at: datetime) -> datetime:
    """Return the time unchanged, if its year is one in which date arithmetic cannot overflow.

    Raises:
        ValueError: the year is not from 1971 to 9998.
    """
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        message = f"the year must be from {_FIRST_YEAR} to {_LAST_YEAR}"
        raise ValueError(message)
    return at


def parse_error(form: str, cause: object) -> UsageError:
    """The error for a capture that cannot be read in this form."""
    return UsageError(f"the request cannot be read as {form}: {' '.join(str(cause).split())}")


def with_host(url: str, headers: list[tuple[str, str]]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The request target of a URL, and the headers with the Host header that a client takes from the URL."""
    if url.startswith("/"):
        return url, tuple(headers)
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise parse_error(_REQUEST, f"its URL is not valid: {error}") from error
    has_host = any(name.lower() == "host" for name, _ in headers)
    host = [] if has_host or not parts.netloc else [("Host", parts.netloc.rpartition("@")[2])]
    return f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", (*host, *headers)


class _Message:
    """The parts of an HTTP message. httptools calls these methods by their names."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: list[tuple[str, str]] = []
        self.body: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode("latin-1"), value.strip(b" \t").decode("latin-1")))

    def on_body(self, body: bytes) -> None:
        self.body.append(body)


_FRAMING = re.compile(rb"(?im)^(?:content-length|transfer-encoding|connection|upgrade)[ \t]*:.*\n?")
_FRAMED = re.compile(rb"(?im)^(content-length|transfer-encoding|connection|upgrade)[ \t]*:[ \t]*(.*)")
_LENGTH = re.compile(rb"(?im)^content-length[ \t]*:[ \t]*([0-9]{1,9})[ \t]*$")
_CHUNKED = re.compile(rb"(?im)^transfer-encoding[ \t]*:[ \t]*chunked[ \t]*$")
_FOLDED = re.compile(rb"\n[ \t]+|\n(?=[^:\n]+(?:\n|\Z))")
_VERSION = re.compile(rb"\A(\S+ \S+)(?:[ \t]+HTTP/[23](?:\.0)?)?[ \t]*(?=\n|\Z)")
_SENT_LINE = re.compile(rb"(?m)^> ?([^\r\n]*)")
_TRANSCRIPT = re.compile(rb"(?m)^> (?=\S+ \S+ HTTP/)")


def is_transcript(text: bytes) -> bool:
    """Whether this is output of `curl -v`, which prints `> ` before each line of the head that it sends."""
    return _TRANSCRIPT.search(text) is not None


def from_raw(text: bytes) -> CapturedRequest:
    """Read one request in the format of HTTP/1.1. Lines may end with LF. Content-Length limits the body.

    The output of `curl -v` has the head only. A head line without a colon continues the line before it.

    Raises:
        UsageError: this is not an HTTP request.
    """
    text = _head_of(text) if is_transcript(text) else text
    head, _, body = [*re.split(rb"(\r?\n\r?\n)", text, maxsplit=1), b"", b""][:3]
    head = head.replace(b"\r\n", b"\n")
    request_line, _, lines = head.partition(b"\n")
    if lines.count(b"\n") >= MAX_HEAD_LINES:
        raise parse_error(_ANY_FORM, f"its head has more than {MAX_HEAD_LINES} lines")
    lines = _FOLDED.sub(b" ", b"\n" + lines).strip(b"\n") + b"\n"
    plain = _VERSION.sub(rb"\1 HTTP/1.1", request_line) + b"\n" + _FRAMING.sub(b"", lines)
    parser, message = _parse(plain.rstrip(b"\n").replace(b"\n", b"\r\n") + b"\r\n\r\n")
    framed = [(name.decode(), value.strip().decode("latin-1")) for name, value in _FRAMED.findall(lines)]
    target, headers = with_host(message.url.decode("latin-1"), [*message.headers, *framed])
    version = parser.get_http_version()
    return CapturedRequest(Request(parser.get_method().decode(), target, headers, _body(lines, body), version))


def _head_of(transcript: bytes) -> bytes:
    """The head of the first request that was sent. An empty line ends it."""
    # A shell also prints `> ` before a continued line of a command.
    lines: list[bytes] = _SENT_LINE.findall(b"> " + _TRANSCRIPT.split(transcript, maxsplit=1)[1])
    return b"\n".join(takewhile(bool, lines)) + b"\n\n"


def _body(lines: bytes, rest: bytes) -> bytes:
    if _CHUNKED.search(lines):
        with suppress(UsageError):  # A body that was copied from a tool is often no longer chunked.
            return b"".join(_parse(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" + rest)[1].body)
    length = _LENGTH.search(lines)
    return rest[: int(length[1])] if length else rest.rstrip(b"\r\n")


def _parse(data: bytes) -> tuple[httptools.HttpRequestParser, _Message]:
    message = _Message()
    parser = httptools.HttpRequestParser(message)
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        pass  # The method is CONNECT. The diagnosis names it.
    except httptools.HttpParserError as error:
        raise parse_error(_ANY_FORM, error) from error
    return parser, message
