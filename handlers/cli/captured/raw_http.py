"""The reader of raw HTTP."""

import re
from contextlib import suppress
from dataclasses import replace

import httptools

from handlers.cli.captured.answer import without_answer, without_separators
from handlers.cli.captured.captured_request import CapturedRequest, parse_error, with_host
from handlers.cli.captured.notes import Note, NoteKind
from handlers.cli.errors import UsageError
from handlers.doctor.request import Request
from handlers.snap.masking import masked_prefix

_ANY_FORM = "raw HTTP, a curl command or HAR"

MAX_HEAD_LINES = 4_096
"""Lines of the head of a message. The server accepts 64 headers."""


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
_NOT_SENT = re.compile(rb"(?m)^(?!>(?: |\r?$))")
_TRANSCRIPT = re.compile(rb"(?m)^> (?=\S+ \S+ HTTP/)")
_WRONG_NAME = re.compile(rb"(?m)^([^:\n]*[^-!#$%&'*+.^_`|~0-9A-Za-z:\n][^:\n]*):")
_LONGEST_NAME = 40
"""Characters of a header name that a message shows."""

# Editors such as VS Code and IntelliJ separate requests with `###`.
_NEXT_REQUEST = re.compile(rb"(?m)^(?:###.*|[A-Z]{3,16} \S{1,2048} HTTP/[0-9].*)$")


def is_transcript(text: bytes) -> bool:
    """Whether this is output of `curl -v`, which prints `> ` before each line of the head that it sends."""
    return _TRANSCRIPT.search(text) is not None


def from_raw(text: bytes) -> CapturedRequest:
    """Read one request in the format of HTTP/1.1. Lines may end with LF. An answer may follow.

    The output of `curl -v` has the head only. A head line without a colon continues the line before it. If the body
    does not fit Content-Length, it is read whole, with a note.

    Raises:
        UsageError: this is not an HTTP request.
    """
    text, behind = _sent_part(text) if is_transcript(text) else (text, b"")
    head, _, rest = [*re.split(rb"(\r?\n\r?\n)", text, maxsplit=1), b"", b""][:3]
    lines, request = _head(head.replace(b"\r\n", b"\n"))
    rest, answer = without_answer(rest)
    answer = without_answer(behind)[1] if behind else answer
    rest, *others = _NEXT_REQUEST.split(rest, maxsplit=1)
    body, notes = _body(lines, rest)
    if others and others[0].strip():
        notes += (Note(NoteKind.MORE_REQUESTS, {}),)
    return CapturedRequest(replace(request, body=body), answer.at, answer.status, notes)


def _head(head: bytes) -> tuple[bytes, Request]:
    """The header lines, each header on one line, and the request without its body."""
    request_line, _, lines = head.partition(b"\n")
    if lines.count(b"\n") >= MAX_HEAD_LINES:
        raise parse_error(_ANY_FORM, f"its head has more than {MAX_HEAD_LINES} lines")
    lines = _FOLDED.sub(b" ", b"\n" + lines).strip(b"\n") + b"\n"
    plain = _VERSION.sub(rb"\1 HTTP/1.1", request_line) + b"\n" + _FRAMING.sub(b"", lines)
    parser, message = _parse(plain.rstrip(b"\n").replace(b"\n", b"\r\n") + b"\r\n\r\n")
    framed = [(name.decode(), value.strip().decode("latin-1")) for name, value in _FRAMED.findall(lines)]
    target, headers = with_host(message.url.decode("latin-1"), [*message.headers, *framed])
    return lines, Request(parser.get_method().decode(), target, headers, b"", parser.get_http_version())


def _sent_part(transcript: bytes) -> tuple[bytes, bytes]:
    """The first request in lines that begin with `> `, and the text behind it. An e-mail also quotes the body so."""
    # A shell also prints `> ` before a continued line of a command.
    text = b"\n> " + _TRANSCRIPT.split(transcript, maxsplit=1)[1]
    end = found.start() if (found := _NOT_SENT.search(text, 1)) else len(text)
    # Without its `>`, each of these lines is empty or begins with a space.
    return text[:end].replace(b"\n>", b"\n").replace(b"\n ", b"\n")[1:], text[end:]


def _body(lines: bytes, rest: bytes) -> tuple[bytes, tuple[Note, ...]]:
    if _CHUNKED.search(lines):
        with suppress(UsageError):  # A body that was copied from a tool is often no longer chunked.
            return b"".join(_parse(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" + rest)[1].body), ()
    found = _LENGTH.search(lines)
    body = without_separators(rest)
    if found is None:
        return body, ()
    length = int(found[1])
    for candidate in (
        rest[:length],
        body.replace(b"\r\n", b"\n"),
        body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    ):
        if len(candidate) == length and without_separators(candidate).split() == body.split():
            return candidate, ()
    kind = NoteKind.BODY_LENGTH if body else NoteKind.BODY_MISSING
    return body, (Note(kind, {"length": length, "found": len(body)}),)


def _parse(data: bytes) -> tuple[httptools.HttpRequestParser, _Message]:
    message = _Message()
    parser = httptools.HttpRequestParser(message)
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        pass  # The method is CONNECT. The diagnosis names it.
    except httptools.HttpParserInvalidMethodError as error:
        raise parse_error(_ANY_FORM, "it does not begin with a request line, such as POST /path HTTP/1.1") from error
    except httptools.HttpParserError as error:
        raise parse_error(_ANY_FORM, _wrong_name(data) or error) from error
    return parser, message


def _wrong_name(data: bytes) -> str:
    """Say which header name has other characters than a token of RFC 9110 (section 5.6.2), or return empty text."""
    found = _WRONG_NAME.search(data)
    if not found:
        return ""
    name = masked_prefix(found[1].decode(errors="replace"), _LONGEST_NAME)
    rule = "has a character that no header name may have; write hyphens as -, and no blank before the colon"
    return f"the header name {name} {rule}"
