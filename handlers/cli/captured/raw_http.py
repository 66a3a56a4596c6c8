"""A captured request, read from raw HTTP, a curl command or a HAR file, whichever it is."""

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


MOST_LINES = 4_096
"""Lines of a head; the server accepts 64 headers."""

_FIRST_YEAR, _LAST_YEAR = 1971, 9998


class Captured(NamedTuple):
    """A request; when it was sent, and the status of its answer, if the capture says so."""

    request: Request
    at: datetime | None = None
    status: int | None = None


def in_calendar(at: datetime) -> datetime:
    """The time itself, if an hour or a day can be added to it in every time zone.

    Raises:
        ValueError: it is too near to an end of the calendar.
    """
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        message = f"a time from {_FIRST_YEAR} to {_LAST_YEAR} is wanted"
        raise ValueError(message)
    return at


def not_readable(form: str, cause: object) -> UsageError:
    """What to say of a capture that cannot be read."""
    return UsageError(f"the request cannot be read as {form}: {' '.join(str(cause).split())}")


def with_host(url: str, headers: list[tuple[str, str]]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The target of a URL, and the headers with the Host that a client takes from it."""
    if url.startswith("/"):
        return url, tuple(headers)
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise not_readable(_REQUEST, f"its URL is none: {error}") from error
    named = any(name.lower() == "host" for name, _ in headers)
    host = [] if named or not parts.netloc else [("Host", parts.netloc.rpartition("@")[2])]
    return f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", (*host, *headers)


class _Parsed:
    """What httptools has found; its names are httptools'."""

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
_MARKED = re.compile(rb"(?m)^> ?([^\r\n]*)")
_TRANSCRIPT = re.compile(rb"(?m)^> (?=\S+ \S+ HTTP/)")


def is_transcript(text: bytes) -> bool:
    """Whether it is what `curl -v` prints, where `> ` is before each line of the head that was sent."""
    return _TRANSCRIPT.search(text) is not None


def from_raw(text: bytes) -> Captured:
    """One request as it is on the wire; line ends may be LF, and the body is as long as Content-Length says.

    Of what `curl -v` prints the head is read, as there is no more. A line without a colon belongs to the one before.

    Raises:
        MisuseError: it is no HTTP.
    """
    text = _head_of(text) if is_transcript(text) else text
    head, _, body = [*re.split(rb"(\r?\n\r?\n)", text, maxsplit=1), b"", b""][:3]
    head = head.replace(b"\r\n", b"\n")
    request_line, _, lines = head.partition(b"\n")
    if lines.count(b"\n") >= MOST_LINES:
        raise not_readable(_ANY_FORM, f"its head has over {MOST_LINES} lines")
    lines = _FOLDED.sub(b" ", b"\n" + lines).strip(b"\n") + b"\n"
    plain = _VERSION.sub(rb"\1 HTTP/1.1", request_line) + b"\n" + _FRAMING.sub(b"", lines)
    parser, parsed = _fed(plain.rstrip(b"\n").replace(b"\n", b"\r\n") + b"\r\n\r\n")
    framed = [(name.decode(), value.strip().decode("latin-1")) for name, value in _FRAMED.findall(lines)]
    target, headers = with_host(parsed.url.decode("latin-1"), [*parsed.headers, *framed])
    version = parser.get_http_version()
    return Captured(Request(parser.get_method().decode(), target, headers, _body(lines, body), version))


def _head_of(transcript: bytes) -> bytes:
    """The first that was sent: it ends with an empty line."""
    # A shell that goes on with a command on a further line marks that line, too.
    marked: list[bytes] = _MARKED.findall(b"> " + _TRANSCRIPT.split(transcript, maxsplit=1)[1])
    return b"\n".join(takewhile(bool, marked)) + b"\n\n"


def _body(lines: bytes, rest: bytes) -> bytes:
    if _CHUNKED.search(lines):
        with suppress(UsageError):  # Who copies a body copies it without its chunks.
            return b"".join(_fed(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" + rest)[1].body)
    length = _LENGTH.search(lines)
    return rest[: int(length[1])] if length else rest.rstrip(b"\r\n")


def _fed(message: bytes) -> tuple[httptools.HttpRequestParser, _Parsed]:
    parsed = _Parsed()
    parser = httptools.HttpRequestParser(parsed)
    try:
        parser.feed_data(message)
    except httptools.HttpParserUpgrade:
        pass  # CONNECT: the doctor says what is wrong with it.
    except httptools.HttpParserError as error:
        raise not_readable(_ANY_FORM, error) from error
    return parser, parsed
