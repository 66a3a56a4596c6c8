"""Unusual and malicious input on the wire, and the allowed answers.

Every request is genuine except for its fault, so status 200 means that the server understood the whole request.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.document import TOKEN_PATH
from tests.fuzz.wire import CLOSED, Await, Drip, HalfClose, Reset, Step
from tests.merchant import BASE_PATH, NOON
from tests.nicepay import BODY, Nicepay, jakarta

CLIENT = Nicepay()
SIGNED = tuple(f"{name}: {value}".encode() for name, value in CLIENT.headers(jakarta(NOON)).items())
TARGET = (BASE_PATH + TOKEN_PATH).encode()
LENGTH = b"Content-Length: %d" % len(BODY)
HOST = b"Host: merchant.example"
CHUNKED = b"Transfer-Encoding: chunked"


@dataclass(frozen=True)
class Case:
    """The behaviour of one client, and the allowed answers."""

    name: str
    steps: tuple[Step, ...]
    good: frozenset[int]
    """The allowed statuses of the first answer."""
    decisions: int
    """The largest allowed number of decisions of the application. More would be request smuggling."""
    tokens: int
    """The required number of tokens if the first status is 200."""
    continues: int
    """The required number of 100 Continue."""
    statuses: tuple[int, ...]
    """All final statuses that are required, or nothing if they are not checked."""


OK = {200}
NO = {400, CLOSED}
EITHER = OK | NO
LATE = {408, CLOSED}
LARGE = {413, 414, 431}


def case(  # noqa: PLR0913  the columns of a table
    name: str,
    *steps: Step,
    good: Iterable[int] = NO,
    decisions: int = 1,
    tokens: int = 1,
    continues: int = 0,
    statuses: tuple[int, ...] = (),
) -> Case:
    """A case with defaults."""
    return Case(name, steps, frozenset(good), decisions, tokens, continues, statuses)


def line(method: bytes = b"POST", target: bytes = TARGET, version: bytes = b"HTTP/1.1") -> bytes:
    """A request line."""
    return method + b" " + target + b" " + version


def raw(*headers: bytes, first: bytes = line(), host: bytes | None = HOST, body: bytes = b"") -> bytes:
    """A request with these headers and this body, without a Content-Length of its own."""
    return b"\r\n".join([first, *([host] if host is not None else []), *SIGNED, *headers, b"", body])


def sized(*headers: bytes, first: bytes = line(), host: bytes | None = HOST) -> bytes:
    """A request with its Content-Length and body, genuine except for the arguments."""
    return raw(*headers, LENGTH, first=first, host=host, body=BODY)


def chunked(body: bytes, *headers: bytes, coding: bytes = CHUNKED) -> bytes:
    """A chunked request whose body is sent unchanged."""
    return raw(*headers, coding, body=body)


def chunk(data: bytes = BODY, size: bytes | None = None, extension: bytes = b"") -> bytes:
    """One chunk."""
    return (size or b"%x" % len(data)) + extension + b"\r\n" + data + b"\r\n"


LAST = b"0\r\n\r\n"
WHOLE = chunk() + LAST
HALF = line() + b"\r\n" + HOST + b"\r\nX-Half: "
SMUGGLED = raw(b"Content-Length: 0")
SHORT = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n\r\n"
EXPECT = b"Expect: 100-continue"
HELLO_TLS = bytes.fromhex("16030100c8010000c40303") + bytes(range(64)) + b"\0" * 128
WEBSOCKET = (
    b"Connection: Upgrade",
    b"Upgrade: websocket",
    b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
H2C = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA")


def _in_order() -> Iterator[Case]:
    yield case("plain", sized(), good=OK)
    yield case("byte by byte", Drip(sized(), piece=16, seconds=0.005), good=OK)
    yield case("chunked", chunked(WHOLE), good=OK)
    yield case("chunked in pieces", chunked(chunk(BODY[:9]) + chunk(BODY[9:]) + LAST), good=OK)
    yield case("two in turn", sized(), Await(b"{}}"), sized(), good=OK, decisions=2, tokens=2)
    yield case("Connection: close", sized(b"Connection: close"), good=OK)
    yield case("HTTP/1.0", sized(first=line(version=b"HTTP/1.0")), good=OK)
    yield case("CRLF in front", b"\r\n" + sized(), good=OK)
    yield case("absolute-form", sized(first=line(target=b"http://merchant.example" + TARGET)), good=EITHER)


def _lengths() -> Iterator[Case]:
    yield case("CL and TE", chunked(WHOLE, LENGTH), decisions=0)
    yield case("TE and CL", raw(CHUNKED, LENGTH, body=WHOLE), decisions=0)
    yield case("two CL, different", raw(LENGTH, b"Content-Length: 1", body=BODY), decisions=0)
    yield case("two CL, alike", raw(LENGTH, LENGTH, body=BODY), good=EITHER)
    yield case("CL list", raw(LENGTH + b", %d" % len(BODY), body=BODY), good=EITHER)
    for value in (b"-5", b"+5", b"0x5", b"1_0", b"5 5", b"", b"five", b"5.0", b"18446744073709551621"):
        yield case(f"CL {value.decode()!r}", raw(b"Content-Length: " + value, body=BODY), decisions=0)
    yield case("CL of 1 GB", raw(b"Content-Length: 1073741824", body=b" " * 20_000), good={413})
    yield case("no length", raw(body=BODY), decisions=2)


def _codings() -> Iterator[Case]:
    for value in (b"gzip, chunked", b"gzip", b"chunked, identity", b"chunked;q=1", b"xchunked", b"chunked, chunked"):
        yield case(f"TE {value.decode()!r}", chunked(WHOLE, coding=b"Transfer-Encoding: " + value))
    yield case("TE Chunked", chunked(WHOLE, coding=b"Transfer-Encoding: Chunked"), good=OK)
    yield case("TE chunked<VT>", chunked(WHOLE, coding=CHUNKED + b"\x0b"))
    yield case("two TE", chunked(WHOLE, CHUNKED))
    yield case("TE in HTTP/1.0", raw(CHUNKED, first=line(version=b"HTTP/1.0"), body=WHOLE))


def _chunks() -> Iterator[Case]:
    for size in (b"zz", b"-1", b"0x5", b"10000000000000005", b"+5", b" "):
        yield case(f"chunk size {size.decode()!r}", chunked(chunk(size=size) + LAST))
    yield case("chunk extension", chunked(chunk(extension=b";a=b") + LAST), good=EITHER)
    yield case("chunk extension of 100 KB", chunked(chunk(extension=b";a=" + b"b" * 100_000) + LAST), good=OK | LARGE)
    yield case("chunk longer than its size", chunked(chunk(size=b"5") + LAST))
    yield case("chunk with bare LF", chunked(WHOLE.replace(b"\r\n", b"\n")))
    yield case("last CRLF missing", chunked(WHOLE[:-2]), good=LATE)
    yield case("trailer", chunked(chunk() + b"0\r\nX-T: a\r\n\r\n"), good=OK)
    yield case("trailer that is a second copy", chunked(chunk() + b"0\r\nX-CLIENT-KEY: X\r\n\r\n"), good=OK)
    yield case("trailer without end", chunked(chunk() + b"0\r\nX-T: " + b"a" * 5_000_000), good=LARGE)
    yield case("chunk extension without end", chunked(chunk(extension=b";a=" + b"a" * 5_000_000)), good=LARGE)
    yield case("trailer of 200 KB", chunked(chunk() + b"0\r\nX-T: " + b"a" * 200_000 + b"\r\n\r\n"), good=OK | LARGE)


def _headers() -> Iterator[Case]:
    for name, header in {
        "obs-fold": b"X-A: b\r\n c",
        "bare LF": b"X-A: b\nX-B: c",
        "bare CR": b"X-A: b\rX-B: c",
        "NUL in value": b"X-A: b\0c",
        "NUL in name": b"X\0A: b",
        "space before colon": b"X-A : b",
        "space in name": b"X A: b",
        "empty name": b": b",
        "no colon": b"X-A",
    }.items():
        yield case(name, sized(header), decisions=0)
    yield case("space before the first header", sized(host=b" Host: a"))
    yield case("control in value", sized(b"X-A: b\x01c"), good=EITHER)
    yield case("white space behind a value", sized().replace(b"IONPAYTEST", b"IONPAYTEST \t "), good=OK)
    yield case("no UTF-8 in value", sized(b"X-A: \xff\xfe"), good=EITHER)
    yield case("bare LF everywhere", sized().replace(b"\r\n", b"\n"), decisions=0)
    yield case("2,000 headers", sized(*(b"X-%d: a" % number for number in range(2_000))), good={431})
    yield case("65 headers", sized(*(b"X-%d: a" % number for number in range(65))), good={431})
    yield case("header of 200 KB", sized(b"X-A: " + b"a" * 200_000), good=LARGE)
    yield case("header of 17 KB", sized(b"X-A: " + b"a" * 17_000), good={431})
    yield case("header of 200 KB without end", sized(b"X-A: " + b"a" * 200_000)[:-60], good=LARGE)
    yield case("header of 5 MB without end", HALF + b"a" * 5_000_000, good=LARGE)


def _media_types() -> Iterator[Case]:
    for value in (b";", b"/", b"a", b"a/", b"application/json; charset", b"application/json, text/plain", b"*/*"):
        yield case(f"media type {value.decode()}", _of_type(value), good={415})
    yield case("media type with a tab in its charset", _of_type(b"application/json; charset=a\tb"), good={415})
    yield case("media type with C1 and an escape", _of_type(b"a/b; c=\x9b1;1H\x1b[2J"), good=NO | {415})
    for value in (b"", b" ", b"APPLICATION/JSON", b"application/json;", b'application/json ; charset="UTF-8"'):
        yield case(f"media type {value.decode()!r}", _of_type(value), good=OK)


def _of_type(value: bytes) -> bytes:
    return sized().replace(b"Content-Type: application/json", b"Content-Type: " + value)


def _request_lines() -> Iterator[Case]:
    yield case("fragment", sized(first=line(target=TARGET + b"#a")), good={400})
    yield case("fragment behind a query", sized(first=line(target=TARGET + b"?a#b")), good={400})
    yield case("no Host", sized(host=None), good={400})
    yield case("two Hosts", sized(HOST), good={400})
    yield case("empty Host", sized(host=b"Host:"), good={400})
    yield case("HTTP/1.0 without Host", sized(host=None, first=line(version=b"HTTP/1.0")), good={400})
    for version in (b"HTTP/9.9", b"HTTP/2.0", b"HTTP/1.2", b"http/1.1", b"HTTP/1", b"ICY"):
        yield case(f"version {version.decode()}", sized(first=line(version=version)), good={400, 505, CLOSED})
    yield case("CONNECT with Upgrade", sized(*WEBSOCKET, first=line(b"CONNECT", b"a:1")), good=NO | {405})
    yield case("HTTP/0.9", b"GET " + TARGET + b"\r\n\r\n", good={400, 505, CLOSED})
    yield case("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), good={400, 505, CLOSED})
    yield case("unknown method", sized(first=line(b"BREW")), good=NO | {405, 501})
    yield case("method in lower case", sized(first=line(b"post")), good=NO | {405, 501})
    yield case("two spaces", sized(first=b"POST  " + TARGET + b" HTTP/1.1"), good=EITHER)
    yield case("CONNECT", sized(first=line(b"CONNECT", b"merchant.example:443")), good=NO | {405})
    yield case("authority-form", sized(first=line(target=b"merchant.example:80")), good=NO | {404})
    yield case("OPTIONS *", sized(first=line(b"OPTIONS", b"*")), good=NO | {404})
    for target in (b"/%00", b"/%zz", b"/%ff", b"/a/../x", b"//x", b"/\\x", b"/x#f", TARGET + b"%2f", TARGET + b"/."):
        yield case(f"target {target.decode()}", sized(first=line(target=target)), good=NO | {404})
    for target in (b"/\xff", "/é".encode(), b"/\0", b"/x y"):
        yield case(f"target {target!r}", sized(first=line(target=target)), good=NO | {404})
    yield case("target of 3 KB", sized(first=line(target=b"/" + b"a" * 3_000)), good={414})
    yield case("target of 64 KB", sized(first=line(target=b"/" + b"a" * 65_536)), good=LARGE)
    yield case("target of 64 KB without end", b"POST /" + b"a" * 65_536, good=LARGE)
    yield case("TLS", HELLO_TLS, decisions=0)
    yield case("noise", bytes(range(256)) * 4, decisions=0)


def _several() -> Iterator[Case]:
    yield case("two pipelined", sized() + sized(), good=OK, decisions=2, tokens=2)
    yield case("fifty pipelined", sized() * 50, good=OK, decisions=50, tokens=50)
    yield case("fifty chunked, pipelined", chunked(WHOLE) * 50, good=OK, decisions=50, tokens=50)
    yield case("a thousand pipelined", SHORT * 1_000, good={404}, decisions=1_000, statuses=(404,) * 1_000)
    yield case("good, then noise", sized() + b"\0\1\r\n\r\n", good=OK)
    yield case("good, then half", sized() + HALF, good=OK, statuses=(200, 408))
    yield case("good, then a bad chunk", sized() + chunked(b"zz\r\n"), good=OK, decisions=2)
    yield case("two good, then a bad chunk", sized() * 2 + chunked(b"zz\r\n"), good=OK, decisions=3, tokens=2)
    stalled = sized() + raw(b"Content-Length: 99")
    yield case("good, then a stalled body", stalled, good=OK, decisions=2, statuses=(200, 408))
    yield case("body is a request", raw(b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED), good={400})
    yield case("CL.TE", raw(b"Content-Length: 6", CHUNKED, body=LAST + SMUGGLED), decisions=0)
    yield case("TE.CL", raw(b"Content-Length: 3", b"Transfer-Encoding : chunked", body=WHOLE + SMUGGLED), decisions=0)
    yield case("behind Connection: close", sized(b"Connection: close") + SMUGGLED, good=OK)
    yield case("Upgrade: websocket", sized(*WEBSOCKET), good=OK)
    yield case("Upgrade: h2c", sized(*H2C), good=OK)
    yield case("Upgrade: h2c, body later", raw(*H2C, LENGTH), Await(b"HTTP/", 0.2), BODY, good=OK)
    yield case("Upgrade: h2c, chunked", chunked(WHOLE, *H2C), good=OK)
    yield case("Upgrade: h2c, head of 4 KB", sized(*H2C, b"X-A: " + b"a" * 4_000), good=OK)
    long = raw(*H2C, b"Content-Length: 3000", body=BODY.ljust(3_000))
    yield case("Upgrade: h2c, body of 3 KB", long, good=OK)
    yield case("Upgrade: h2c, others behind", sized(*H2C) + SHORT * 100, good=OK, statuses=(200,))
    later = b"Content-Length: %d" % len(SMUGGLED)
    yield case("Upgrade: h2c, body is a request", raw(*H2C, later), Await(b"HTTP/", 0.2), SMUGGLED, good={400})


def _expecting() -> Iterator[Case]:
    yield case("Expect", raw(EXPECT, LENGTH), Await(b"100"), BODY, good=OK, continues=1)
    yield case("EXPECT: 100-Continue", raw(b"EXPECT: 100-Continue", LENGTH), Await(b"100"), BODY, good=OK, continues=1)
    yield case("Expect, chunked", chunked(b"", EXPECT), Await(b"100"), WHOLE, good=OK, continues=1)
    yield case("Expect, body at once", sized(EXPECT), good=OK)
    yield case("Expect, no body", raw(EXPECT, b"Content-Length: 0"), good={400})
    yield case("Expect, no length", raw(EXPECT), good={400})
    first = raw(EXPECT, LENGTH), Await(b"100"), BODY, Await(b"{}}")
    yield case("Expect, then another", *first, sized(), good=OK, decisions=2, tokens=2, continues=1)
    behind = sized() + raw(EXPECT, LENGTH)
    yield case("Expect, pipelined", behind, Await(b"100"), BODY, good=OK, decisions=2, tokens=2, continues=1)
    old = line(version=b"HTTP/1.0")
    yield case("Expect in HTTP/1.0", raw(EXPECT, LENGTH, first=old), Await(b"HTTP/", 0.2), BODY, good=OK)
    yield case("Expect of something else", sized(b"Expect: 200-ok"), good=OK)
    yield case("Expect, nothing follows", raw(EXPECT, LENGTH), good={408}, continues=1)
    large = b"Content-Length: 16385"
    yield case("Expect, too large", raw(EXPECT, large), good={413})
    yield case("Expect, too large, sent all the same", raw(EXPECT, large), Await(b"{}"), b" " * 16_385, good={413})
    endless = chunk(b" " * 17_000)
    yield case("Expect, chunks too large", chunked(b"", EXPECT), Await(b"100"), endless, good={413}, continues=1)
    for status, target in {404: line(target=b"/"), 405: line(b"PUT"), 414: line(target=b"/" + b"a" * 3_000)}.items():
        refused = raw(EXPECT, b"Content-Length: %d" % len(SMUGGLED), first=target)
        yield case(f"Expect, {status}", refused, Await(b"close"), SMUGGLED, good={status}, statuses=(status,))
    for status, header in {415: b"Content-Encoding: gzip", 431: b"X-A: " + b"a" * 17_000, 400: HOST}.items():
        yield case(f"Expect, {status}", raw(EXPECT, LENGTH, header), good={status})


def _leaving() -> Iterator[Case]:
    yield case("half-close behind the request", sized(), HalfClose(), good=OK, statuses=(200,))
    yield case("half-close behind chunks", chunked(WHOLE), HalfClose(), good=OK)
    yield case("half-close behind three", sized() * 3, HalfClose(), good=OK, decisions=3, tokens=3)
    yield case("half-close behind fifty", sized() * 50, HalfClose(), good=OK, decisions=50, tokens=50)
    yield case("half-close behind chunks, pipelined", chunked(WHOLE) * 9, HalfClose(), good=OK, decisions=9, tokens=9)
    yield case("half-close behind a refusal", sized(first=line(b"PUT")), HalfClose(), good={405})
    yield case("half-close behind Upgrade", sized(*H2C), HalfClose(), good=OK)
    yield case("half-close behind HTTP/1.0", sized(first=line(version=b"HTTP/1.0")), HalfClose(), good=OK)
    yield case("half-close at once", HalfClose(), good={CLOSED})
    yield case("half-close behind an answer", sized(), Await(b"{}}"), HalfClose(), good=OK, statuses=(200,))
    yield case("half-close in the head", HALF, HalfClose(), good={400})
    yield case("half-close in the body", raw(b"Content-Length: 99", body=BODY), HalfClose(), good={400})
    yield case("half-close in the chunks", chunked(chunk()), HalfClose(), good={400})
    yield case("half-close in the second head", sized() + HALF, HalfClose(), good=OK, statuses=(200, 400))
    half = sized() + raw(b"Content-Length: 99")
    yield case("half-close in the second body", half, HalfClose(), good=OK, decisions=2, statuses=(200, 400))
    yield case("half-close before the body", raw(EXPECT, LENGTH), Await(b"100"), HalfClose(), good={400}, continues=1)
    yield case("reset in the body", raw(b"Content-Length: 99", body=BODY), Await(b"HTTP/", 0.2), Reset())
    yield case("reset behind fifty", sized() * 50, Reset(), decisions=50)


def _slow() -> Iterator[Case]:
    yield case("silent", good=LATE)
    yield case("line ends only", Drip(b"\r\n" * 12, piece=2), good=LATE | NO)
    yield case("stalled head", HALF, good=LATE)
    yield case("dripped head", Drip(HALF[:12]), good=LATE)
    yield case("stalled body", raw(b"Content-Length: 99", body=BODY), good={408})
    yield case("dripped body", raw(b"Content-Length: 99"), Drip(b" " * 12), good={408})
    yield case("dripped chunks", chunked(b""), Drip(chunk(b" ") * 12, piece=6), good={408})
    yield case("idle behind an answer", sized(), good=OK)
    yield case("stalled second head", sized(), Await(b"{}}"), HALF, good=OK)
    behind = raw(LENGTH, first=line(b"PUT"))
    yield case("idle behind a body that was refused", behind, Await(b"}"), BODY, good={405}, statuses=(405,))
    yield case("body stalled behind its refusal", raw(b"Content-Length: 99", first=line(b"PUT")), good={405})


CASES = tuple(
    each
    for group in (
        _in_order,
        _lengths,
        _codings,
        _chunks,
        _headers,
        _media_types,
        _request_lines,
        _several,
        _expecting,
        _leaving,
        _slow,
    )
    for each in group()
)
