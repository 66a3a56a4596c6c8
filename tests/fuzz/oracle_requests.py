"""The requests for both servers: the valid request, and requests with one or two parts changed."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product
from typing import Any

from tests.document import TOKEN_PATH
from tests.fuzz.oracle import Request
from tests.merchant import BASE_PATH
from tests.nicepay import BODY

VALID = Request()
PAGES = {BASE_PATH + "/openapi.json"}
"""The paths that stock Connexion adds to those of the document."""

SLASHED = {BASE_PATH, BASE_PATH + TOKEN_PATH + "/"}
"""Paths that Connexion redirects, because a slash at the end is missing or superfluous."""


def _nested(levels: int) -> bytes:
    return b'{"grantType":"client_credentials","additionalInfo":' + b"[" * levels + b"]" * levels + b"}"


def _info(value: bytes) -> bytes:
    return b'{"grantType":"client_credentials","additionalInfo":' + value + b"}"


_TIMESTAMPS = [
    "",
    " ",
    "now",
    "2026-01-22",
    "2026-01-22T12:00:01",
    "2026-01-22 12:00:01+07:00",
    "2026-01-22T12:00:01+0700",
    "2026-01-22T12:00:01.123456789Z",
    "2026-01-22T12:00:01.1234567890Z",
    "2026-01-22T24:00:00Z",
    "2026-02-29T00:00:00Z",
    "2024-02-29T00:00:00Z",
    "2000-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "0999-01-01T00:00:00Z",
    "2026-01-22T12:00:60Z",
    "2026-01-22T12:00:01z",
    "2026-04-31T12:00:01Z",
    "2026-01-22T12:00:01+24:00",
    "2026-01-22T12:00:01-00:00",
    "\xb2026-01-22T12:00:01Z",
]
_CLIENT_KEYS = ["", "a", "!", "~" * 36, "~" * 37, "ION PAY", "ION\tPAY", "\xe9", "\x7f", "null", '"quoted"']
_SIGNATURES = [
    "",
    "QQ==",
    "QR==",
    "QUI=",
    "QUJ=",
    "QUJD",
    "QUJ",
    "QUJ-",
    "QUJ_",
    "=",
    '"QUJD"',
    "QUJD QUJD",
    "A" * 2048,
    "A" * 2052,
    "\xe9\xe9\xe9\xe9",
]
TYPES = [
    "",
    "application/json;",
    "application/json; charset=utf-8",
    "application/json;charset=utf-8",
    "application/json;charset=UTF-8",
    "application/json; charset=UTF8",
    'application/json; charset="utf-8"',
    'application/json;charset="utf-8"',
    "application/json;charset=utf_8",
    "application/json ; charset=utf-8",
    "application/json; charset=latin-1",
    "application/json;charset=latin-1",
    "application/json;charset=utf-16",
    "application/json;charset=bogus",
    "application/json; charset=bogus",
    "application/json;charset=",
    "application/json;charset=utf-8-sig",
    "application/json;version=1",
    "application/json; version=1;charset=utf-8",
    "Application/JSON",
    "Application/Json; charset=utf-8",
    "APPLICATION/JSON",
    "Application/JSON;charset=bogus",
    "application/*",
    "*/*",
    "application/jsonp",
    "application/problem+json",
    "text/json",
    "text/plain",
    "json",
    "/",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/json, text/plain",
    "application/json;x=\xe9",
    "application/json\xe9",
]
_BODIES = [
    b"",
    b" ",
    b"{}",
    b"[]",
    b"null",
    b"true",
    b"1",
    b'"a"',
    b"{",
    b"}",
    b"{'grantType':'client_credentials'}",
    b'{"grantType":"client_credentials"',
    b'{"grantType":"client_credentials",}',
    b'{"grantType":"client_credentials"}x',
    b'{"grantType":"client_credentials"}',
    b' {"grantType" : "client_credentials"}\r\n\t',
    b'{"grantType":""}',
    b'{"grantType":null}',
    b'{"grantType":1}',
    b'{"grantType":["client_credentials"]}',
    b'{"grantType":{}}',
    b'{"grantType":"Client_credentials"}',
    b'{"grantType":"client_credentials "}',
    b'{"grantType":"authorization_code"}',
    b'{"grant_type":"client_credentials"}',
    b'{"GrantType":"client_credentials"}',
    b'{"grantType":"client\\u005fcredentials"}',
    b'{"grant\\u0054ype":"client_credentials"}',
    _info(b"[]"),
    _info(b'""'),
    _info(b'"{}"'),
    _info(b"null"),
    _info(b"0"),
    _info(b"-0.5e3"),
    _info(b"1e999"),
    _info(b"01"),
    _info(b"+1"),
    _info(b".5"),
    _info(b"tru"),
    _info(b'"\t"'),
    _info(b'"\\x"'),
    _info(b'"\\u12"'),
    _info('"\u00e9\U0001f600"'.encode()),
    _info(b'"\\ud83d\\ude00"'),
    _info(b'"a\x00b"'),
    _info(b'{"a":{"b":[{}]}}'),
    b'{"grantType":"client_credentials","grantType":"x"}',
    b'{"grantType":"x","grantType":"client_credentials"}',
    _info(b'{"a":1,"a":1}'),
    _info(b"NaN"),
    _info(b"-Infinity"),
    _info(b'"\\ud800"'),
    _info(b'{"\\udc00":1}'),
    _nested(31),
    _nested(32),
    _nested(100),
    _nested(5_000),
    _info(b"9" * 4_300),
    _info(b"9" * 4_301),
    _info(b"9" * 5_000) + b"x",
    _info(b'"\xff"'),
    b"\xff",
    BODY.decode().encode("utf-16"),
    b"\xef\xbb\xbf" + BODY,
    BODY.ljust(16_384),
    BODY.ljust(16_385),
    b"[" * 20_000,
]


def texts(values: list[str]) -> list[tuple[bytes, ...]]:
    return [(), *((value.encode("latin-1"),) for value in values)]


VARIANTS: dict[str, list[Any]] = {
    "method": ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"],
    "target": [
        VALID.target + "?",
        VALID.target + "?a=1&a=2",
        VALID.target + "/",
        "//" + VALID.target,
        "/",
        TOKEN_PATH,
        BASE_PATH,
        BASE_PATH + "/access-token",
        VALID.target.upper(),
        VALID.target.replace("/b2b", "%2Fb2b"),
        VALID.target.replace("b2b", "b%32b"),
        (VALID.target + "?").ljust(2_049, "a"),
        (VALID.target + "?").ljust(2_050, "a"),
        *PAGES,
    ],
    "hosts": [(), (b"",), (b"merchant.example", b"other.example")],
    "types": [*texts(TYPES), VALID.types * 2, (b"text/plain", *VALID.types)],
    "encodings": [(b"",), (b"identity",), (b"gzip",), (b"", b"gzip")],
    "timestamps": [*texts(_TIMESTAMPS), VALID.timestamps * 2, (b"2026-01-22T12:00:02Z", *VALID.timestamps)],
    "client_keys": [*texts(_CLIENT_KEYS), VALID.client_keys * 2],
    "signatures": [*texts(_SIGNATURES), VALID.signatures * 2, (*VALID.signatures, b"QQ==")],
    "codings": [(b"chunked",), (b"Chunked",), (b"gzip",), (b"gzip, chunked",), (b"chunked", b"chunked")],
    "extras": [
        ((b"authorization", b""), (b"x-partner-id", b""), (b"channel-id", b"")),
        ((b"x-extra", b""),) * (64 - len(VALID.headers)),
        ((b"x-extra", b""),) * (65 - len(VALID.headers)),
        ((b"x-large", b"a" * (16_384 - VALID.header_bytes - len(b"x-large"))),),
        ((b"x-large", b"a" * (16_385 - VALID.header_bytes - len(b"x-large"))),),
        ((b"x_timestamp", b"now"), (b"x-timestamp2", b"now")),
    ],
    "body": _BODIES,
}


def each_alone() -> Iterator[Request]:
    """The valid request, the variants of each single part, and variants of two parts that matter only together."""
    yield VALID
    for part, values in VARIANTS.items():
        yield from (replace(VALID, **{part: value}) for value in values)
    yield replace(VALID, types=(b"text/plain",), timestamps=(b"now",))
    yield from (replace(VALID, method="GET", target=page) for page in PAGES)


def each_pair() -> Iterator[Request]:
    """The valid request with each combination of variants of two parts."""
    for (one, ones), (other, others) in combinations(VARIANTS.items(), 2):
        yield from (replace(VALID, **{one: left, other: right}) for left, right in product(ones, others))
