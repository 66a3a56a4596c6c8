"""The raw HTTP that people copy."""

from dataclasses import replace

import pytest

from handlers.cli.captured.raw_http import MAX_HEAD_LINES, from_raw, is_transcript
from handlers.cli.errors import UsageError
from handlers.doctor.request import Request

WANTED = Request("POST", "/a/b?c=d", (("Host", "merchant.example"), ("X-A", "1")), b'{"a":1}')

CHUNKED = (
    b"POST /a/b?c=d HTTP/1.1\r\nHost: merchant.example\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n'
)


@pytest.mark.parametrize(
    "text",
    [
        b'POST /a/b?c=d HTTP/1.1\r\nHost: merchant.example\r\nX-A: 1\r\nContent-Length: 7\r\n\r\n{"a":1}',
        b'POST /a/b?c=d HTTP/1.1\nHost: merchant.example\nX-A:1  \n\n{"a":1}\n',
        b'POST /a/b?c=d\nHost: merchant.example\nX-A: 1\n\n{"a":1}\r\n\r\n',
        b'POST http://merchant.example/a/b?c=d HTTP/1.1\nX-A: 1\n\n{"a":1}',
        b'POST http://user@merchant.example/a/b?c=d\nX-A: 1\ncontent-length: 7\n\n{"a":1}\n\nHTTP/1.1 401 No\n',
        CHUNKED,
        CHUNKED.partition(b"\r\n\r\n")[0] + b'\r\n\r\n{"a":1}\r\n',
        b'POST /a/b?c=d HTTP/2\nHost: merchant.example\nX-A: 1\n\n{"a":1}',
        b'POST /a/b?c=d HTTP/1.1\nHost: merchant.example\nX-A: 1\nConnection: Upgrade\nUpgrade: h2c\n\n{"a":1}',
    ],
    ids=["wire", "LF", "no version", "whole URL", "an exchange", "chunked", "chunks left out", "HTTP/2", "upgrade"],
)
def test_a_request_is_read_in_every_copied_form(text: bytes) -> None:
    """Line ends, a missing version, a whole URL and text after the body are accepted. Framing headers are kept."""
    request = from_raw(text).request
    framing = {"content-length", "transfer-encoding", "connection", "upgrade"}
    kept = tuple((name, value) for name, value in request.headers if name.lower() not in framing)
    assert replace(request, headers=kept) == WANTED
    assert len(request.headers) - len(kept) == sum(text.lower().count(b"\n" + name.encode() + b":") for name in framing)


@pytest.mark.parametrize("version", ["1.1", "2"])
@pytest.mark.parametrize(
    "before", ["", "* Connected to merchant.example\r\n{ [5 bytes data]\r\n", "$ curl -v \\\n> x\n"]
)
@pytest.mark.parametrize(
    "behind", ["> \r\n", "> \r\n} [7 bytes data]\r\n< HTTP/1.1 401 \r\n< \r\n{}\r\n> GET /b HTTP/1.1\r\n> \r\n", ""]
)
def test_the_output_of_curl_is_read(version: str, before: str, behind: str) -> None:
    """The head is read from the output of `curl -v`. If there are several requests, the first is read."""
    printed = f"{before}> POST /a HTTP/{version}\r\n> Host: merchant.example\r\n> X-A: 1\r\n{behind}".encode()
    assert is_transcript(printed)
    assert from_raw(printed).request == Request("POST", "/a", (("Host", "merchant.example"), ("X-A", "1")))


def test_a_request_is_not_read_as_curl_output() -> None:
    """A body may have lines that look like the output of `curl -v`."""
    text = b"POST / HTTP/1.1\n\n> quoted\n> POST"
    assert not is_transcript(text)
    assert from_raw(text).request.body == b"> quoted\n> POST"


@pytest.mark.parametrize("folded", ["QUJD\n QUJD", "QUJD\nQUJD", "QUJD\r\n\tQUJD"])
def test_a_wrapped_header_is_one_header(folded: str) -> None:
    """A continued line, or a line without a colon, belongs to the header before it."""
    request = from_raw(f"POST / HTTP/1.1\nX-SIGNATURE: {folded}\nX-B: 2\n\n".encode()).request
    assert request.headers == (("X-SIGNATURE", "QUJD QUJD"), ("X-B", "2"))


def test_headers_alone_are_a_request() -> None:
    """Headers without a body, and a request line without headers, are requests."""
    assert from_raw(b"GET / HTTP/1.1\nX-A: 1").request == Request("GET", "/", (("X-A", "1"),))
    assert from_raw(b"GET //a HTTP/1.1").request == Request("GET", "//a", ())


def test_connect_is_a_request() -> None:
    """The method CONNECT is read like any other."""
    assert from_raw(b"CONNECT merchant.example:443 HTTP/1.1\nHost: merchant.example\n\n").request.method == "CONNECT"


@pytest.mark.parametrize(
    "text",
    [
        b"some words",
        b"POST / HTTP/1.1\n: 1\n\n",
        b"POST http://[/ HTTP/1.1\n\n",
    ],
)
def test_text_that_is_not_http_is_an_error(text: bytes) -> None:
    """Text that is not HTTP is an error of one line."""
    with pytest.raises(UsageError) as misuse:
        from_raw(text)
    assert len(misuse.value.mistakes) == 1
    assert misuse.value.mistakes[0].startswith("the request cannot be read as ")


def test_a_head_has_a_limit() -> None:
    """A head may have at most 4,096 lines."""
    head = b"POST / HTTP/1.1\n" + b"a: b\n" * MAX_HEAD_LINES
    assert len(from_raw(head + b"\n").request.headers) == MAX_HEAD_LINES == 4_096
    with pytest.raises(UsageError, match="more than 4096 lines"):
        from_raw(head + b"a: b\n\n")
