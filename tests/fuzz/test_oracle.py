"""Stock Connexion as the oracle: what the bound application does otherwise is listed here, with its reason."""

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it carries no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.server import logs
from handlers.server.binding import HeaderRule
from handlers.server.bodies import ObjectRule
from handlers.server.settings import Settings
from tests.document import OPERATION, TOKEN_PATH
from tests.fuzz.oracle import (
    BODY_SCHEMA,
    HANDLER,
    UNREAD,
    Bound,
    Difference,
    Listed,
    Request,
    Server,
    Stock,
    depth,
    differences,
    each_alone_and_each_pair,
    is_large,
    is_repetitive,
    is_utf8,
    oddities,
    typed,
)
from tests.merchant import BASE_PATH, Clock, services_of, write_settings
from tests.nicepay import BODY, Nicepay

_GOOD = Request()
_UI = {BASE_PATH + "/ui", BASE_PATH + "/ui/", BASE_PATH + "/openapi.json"}
_SLASHED = {BASE_PATH, BASE_PATH + TOKEN_PATH + "/"}


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
_TYPES = [
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
    _info(b'"' + b"a" * 20_000 + b'"'),
    b"[" * 20_000,
]


def _texts(values: list[str]) -> list[tuple[bytes, ...]]:
    return [(), *((value.encode("latin-1"),) for value in values)]


VARIANTS: dict[str, list[Any]] = {
    "method": ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"],
    "target": [
        _GOOD.target + "?",
        _GOOD.target + "?a=1&a=2",
        _GOOD.target + "/",
        "//" + _GOOD.target,
        "/",
        TOKEN_PATH,
        BASE_PATH,
        BASE_PATH + "/access-token",
        _GOOD.target.upper(),
        _GOOD.target.replace("/b2b", "%2Fb2b"),
        _GOOD.target.replace("b2b", "b%32b"),
        _GOOD.target + "?" + "a" * 2_100,
        *sorted(_UI),
    ],
    "hosts": [(), (b"",), (b"merchant.example", b"other.example")],
    "types": [*_texts(_TYPES), _GOOD.types * 2, (b"text/plain", *_GOOD.types)],
    "encodings": [(b"",), (b"identity",), (b"gzip",), (b"", b"gzip")],
    "timestamps": [*_texts(_TIMESTAMPS), _GOOD.timestamps * 2, (b"now", *_GOOD.timestamps)],
    "client_keys": [*_texts(_CLIENT_KEYS), _GOOD.client_keys * 2],
    "signatures": [*_texts(_SIGNATURES), _GOOD.signatures * 2, (*_GOOD.signatures, b"QQ==")],
    "codings": [(b"chunked",), (b"Chunked",), (b"gzip",), (b"gzip, chunked",), (b"chunked", b"chunked")],
    "extras": [
        ((b"authorization", b""), (b"x-partner-id", b""), (b"channel-id", b"")),
        tuple((f"x-extra-{number}".encode(), b"") for number in range(64)),
        ((b"x-large", b"a" * 16_384),),
        ((b"x_timestamp", b"now"), (b"x-timestamp2", b"now")),
    ],
    "body": _BODIES,
}

_PASSED = {HANDLER, UNREAD}
_TAKEN = {HANDLER, "400", "413"}
_BODY_REFUSED = {HANDLER, UNREAD, "400", "415", "500"}

LISTED = [
    # What HTTP asks, and what bounds a request; stock asks nothing of it, so its verdict is any.
    Listed(
        "no single Host",
        lambda sent: len(sent.hosts) != 1 or not sent.hosts[0],
        {*_PASSED, "307", "404", "405", "415", "500"},
        {"400"},
        "RFC 9112, 3.2: a server answers 400",
    ),
    Listed(
        "a transfer coding that is not chunked alone",
        lambda sent: bool(sent.codings) and not sent.is_chunked,
        {*_PASSED, "307", "404", "405", "415", "500"},
        {"400"},
        "nobody decodes it, and who reads it otherwise finds another request in it (RFC 9112, 6.1)",
    ),
    Listed(
        "a long target",
        lambda sent: len(sent.target) > 2_048,
        {*_PASSED, "400", "405", "415", "500"},
        {"414"},
        "a target is bounded",
    ),
    Listed(
        "many headers, or large ones",
        is_large,
        {*_PASSED, "307", "400", "404", "405", "415", "500"},
        {"431"},
        "headers are bounded",
    ),
    Listed(
        "a large body",
        lambda sent: len(sent.body) > 16_384,
        _BODY_REFUSED,
        {"413"},
        "the document bounds a body, where OpenAPI has no keyword for it",
    ),
    # Where an operation is.
    Listed(
        "an escape in the path",
        lambda sent: "%" in sent.path,
        {*_PASSED, "400", "405", "415", "500"},
        {"404"},
        "a proxy compares paths as they are sent, and must not be passed by an escape",
    ),
    Listed(
        "the last slash",
        lambda sent: sent.path in _SLASHED,
        {"307"},
        {"404"},
        "the redirect's Location is made from Host, which the client chooses",
    ),
    Listed(
        "Connexion's own pages",
        lambda sent: sent.path in _UI,
        {"200", "307", "405"},
        {"404"},
        "a production server shows none",
    ),
    # Content-Type, Content-Encoding, and headers that come twice.
    Listed(
        "a header twice",
        is_repetitive,
        {*_PASSED, "415", "500"},
        {"400"},
        "stock takes one of the two; who stands before it may take the other",
    ),
    Listed(
        "the order of refusals",
        typed(r"(?i)^(?!application/json *(?:;|$))."),
        {"400"},
        {"415"},
        "of two mistakes stock tells the malformed header first, and we the wrong media type",
    ),
    Listed(
        "a charset that is not UTF-8",
        typed(r"(?i)charset=(?!\"?utf[-_]?8\"?(?:;|$))[^;]"),
        _BODY_REFUSED - {"415"},
        {"415"},
        "JSON is UTF-8 (RFC 8259, 8.1); stock decodes as it is told, fails on unknown names, ignores one after a space",
    ),
    Listed(
        "a media type that is not ASCII",
        typed(r"[^ -~]"),
        {HANDLER, "400", "500"},
        {"415"},
        "no parameter of a media type has such a character (RFC 9110, 8.3.1)",
    ),
    Listed(
        "a body that is compressed",
        lambda sent: any(sent.encodings),
        {*_PASSED, "400", "500"},
        {"415"},
        "nobody decompresses it; stock reads it as if there were no header",
    ),
    Listed(
        "a media type in capitals",
        typed(r"^[^;]*[A-Z]"),
        {UNREAD, "500"},
        _TAKEN,
        "defect: stock finds no validator, skips validation and hands over bytes; without a body it fails",
    ),
    Listed(
        "no media type",
        lambda sent: not sent.types,
        {UNREAD},
        _TAKEN,
        "defect: stock validates and then hands over bytes",
    ),
    Listed(
        "an empty media type",
        lambda sent: sent.types == (b"",),
        {"415"},
        _TAKEN,
        "an empty header counts as absent, and this one may be",
    ),
    Listed(
        "a space before the semicolon",
        typed(r" ;"),
        {"415"},
        _TAKEN,
        "defect: it is lawful (RFC 9110, 5.6.6)",
    ),
    Listed(
        "an empty charset",
        typed(r"charset=$"),
        {"500"},
        _TAKEN,
        "defect: stock looks up a codec without a name",
    ),
    # The body.
    Listed(
        "a chunked body",
        lambda sent: sent.is_chunked,
        {"400"},
        {HANDLER, "413"},
        "defect: stock takes a request without Content-Length for one without a body",
    ),
    Listed(
        "a body that is not UTF-8",
        lambda sent: not is_utf8(sent.body),
        {"500"},
        {"400"},
        "defect: stock catches no error of decoding",
    ),
    Listed(
        "deep nesting",
        lambda sent: depth(sent.body) > 32,
        {HANDLER, "500"},
        {"400"},
        "the document bounds depth; defect: stock catches no error of recursion",
    ),
    Listed(
        "an integer of more than 4,300 digits",
        lambda sent: bool(re.search(rb"[0-9]{4301}", sent.body)),
        {"500"},
        {HANDLER, "400"},
        "defect: stock converts it and does not catch Python's refusal; we convert no number",
    ),
    Listed(
        "a member named twice",
        lambda sent: "named twice" in oddities(sent.body),
        {HANDLER},
        {"400"},
        "stock takes the last of the two; another reader may take the first",
    ),
    Listed(
        "NaN or Infinity",
        lambda sent: bool({"NaN", "Infinity", "-Infinity"} & oddities(sent.body)),
        {HANDLER},
        {"400"},
        "defect: they are not JSON (RFC 8259, 6)",
    ),
    Listed(
        "half of a surrogate pair",
        lambda sent: "half a pair" in oddities(sent.body),
        {HANDLER},
        {"400"},
        "such a text cannot be written as UTF-8 again",
    ),
]


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """Connexion logs each refusal, each failure with its traceback."""
    logs.set_up(io.StringIO())
    logger = logging.getLogger("connexion")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    yield
    logger.setLevel(level)
    logs.set_up()


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for all."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def stock() -> Server:
    """The oracle."""
    return Stock()


@pytest.fixture(scope="module")
def ours(nicepay: Nicepay, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The bound application."""
    read = Settings.load(write_settings(tmp_path_factory.mktemp("oracle"), nicepay))
    return Bound(services_of(read, Clock()))


@pytest.fixture(scope="module")
def found(stock: Server, ours: Server, runner: asyncio.Runner) -> list[Difference]:
    """Every difference on the product of variants."""
    return differences(each_alone_and_each_pair(VARIANTS), stock, ours, runner)


def _explained(difference: Difference) -> list[Listed]:
    return [each for each in LISTED if each.explains(difference)]


def _unlisted(found: list[Difference]) -> list[Difference]:
    """The first few that the table does not explain: a report of thousands helps nobody."""
    return list(islice((each for each in found if not _explained(each)), 5))


def test_there_are_many_requests() -> None:
    """The product of variants has at least 5,000 requests, each another one."""
    requests = list(each_alone_and_each_pair(VARIANTS))
    assert len(set(requests)) == len(requests) >= 5_000


def test_the_right_request_reaches_both_handlers(stock: Server, ours: Server, runner: asyncio.Runner) -> None:
    """What nothing is wrong with is taken by both, with the same three headers and the same grantType."""
    taken = [runner.run(server.ask(_GOOD)) for server in (stock, ours)]
    headers = b"|".join([*_GOOD.timestamps, *_GOOD.client_keys, *_GOOD.signatures]).decode().split("|")
    assert [(each.verdict, each.values) for each in taken] == [(HANDLER, (*headers, "client_credentials"))] * 2


def test_no_difference_is_unlisted(found: list[Difference]) -> None:
    """Verdict, status and values are stock Connexion's, but where the table says otherwise."""
    assert not _unlisted(found)


@pytest.mark.parametrize("listed", LISTED, ids=lambda listed: listed.name)
def test_no_entry_of_the_table_is_stale(listed: Listed, found: list[Difference]) -> None:
    """Each entry alone explains a difference, and each verdict that it names has occurred."""
    explained = [each for each in found if listed.explains(each)]
    assert any(_explained(each) == [listed] for each in explained)
    assert {each.stock.verdict for each in explained} == listed.stock
    assert {each.ours.verdict for each in explained} == listed.ours


_PARAMETERS = {parameter["name"]: parameter for parameter in OPERATION["parameters"]}
_CHARACTERS = st.characters(codec="latin-1", exclude_characters="\r\n\0")


@st.composite
def _damaged(draw: st.DrawFn, whole: st.SearchStrategy[str]) -> str:
    """A text with one character replaced, added or taken away."""
    text = draw(whole)
    start = draw(st.integers(0, len(text)))
    return text[:start] + draw(st.text(_CHARACTERS, max_size=1)) + text[start + draw(st.integers(0, 1)) :]


def _header(name: str) -> st.SearchStrategy[str]:
    """Values of the pattern, values almost of it, and any others that a header can hold."""
    # `$` also matches before a newline at the end, which a header cannot hold.
    right = st.from_regex(_PARAMETERS[name]["schema"]["pattern"]).map(lambda text: text.replace("\n", ""))
    return st.one_of(right, _damaged(right), st.text(_CHARACTERS, max_size=40))


_HEADERS = {name: _header(name) for name in _PARAMETERS}
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
_GRANTS = st.just("client_credentials") | _damaged(st.just("client_credentials")) | _VALUES
_NAMES = st.sampled_from(["grantType", "additionalInfo", "grant_type", "a"])
_OBJECTS = st.fixed_dictionaries({"grantType": _GRANTS}, optional={"additionalInfo": _VALUES, "a": _VALUES})
_DOCUMENTS = st.one_of(_OBJECTS, st.dictionaries(_NAMES, _VALUES), _VALUES)


def _sent(name: str) -> st.SearchStrategy[tuple[bytes, ...]]:
    """Mostly one value; white space around it is no part of it on the wire."""
    return st.lists(_HEADERS[name].map(lambda text: text.strip().encode("latin-1")), min_size=1, max_size=1).map(tuple)


_WRITTEN = _DOCUMENTS.map(json.dumps) | _DOCUMENTS.map(lambda value: json.dumps(value, ensure_ascii=False))
_RIGHT = st.just(BODY)
_REQUESTS = st.builds(
    Request,
    types=st.sampled_from([_GOOD.types, _GOOD.types, *_texts(_TYPES)]),
    timestamps=st.just(_GOOD.timestamps) | _sent("X-TIMESTAMP"),
    client_keys=st.just(_GOOD.client_keys) | _sent("X-CLIENT-KEY"),
    signatures=st.just(_GOOD.signatures) | _sent("X-SIGNATURE"),
    body=st.one_of(_RIGHT, _WRITTEN.map(str.encode), _damaged(_WRITTEN).map(str.encode), st.binary(max_size=40)),
)


@settings(max_examples=250, deadline=None, derandomize=True, database=None)
@given(requests=st.lists(_REQUESTS, min_size=8, max_size=8))
def test_no_difference_on_random_requests_is_unlisted(
    requests: list[Request], stock: Server, ours: Server, runner: asyncio.Runner
) -> None:
    """With values drawn from the document's patterns, damaged or made up, nothing differs but what is listed."""
    assert not _unlisted(differences(requests, stock, ours, runner))


@pytest.mark.parametrize("name", _PARAMETERS)
def test_both_validators_judge_a_header_alike(name: str) -> None:
    """jsonschema-rs, which we use, and jsonschema, which Connexion uses, agree on every value of a header."""
    rule, independent = HeaderRule.of(_PARAMETERS[name]), jsonschema.Draft4Validator(_PARAMETERS[name]["schema"])

    @settings(max_examples=1_500, deadline=None, derandomize=True, database=None)
    @given(value=_HEADERS[name])
    def agree(value: str) -> None:
        assert rule.schema.is_valid(value) == independent.is_valid(value)

    agree()


@settings(max_examples=1_500, deadline=None, derandomize=True, database=None)
@given(document=_DOCUMENTS)
def test_both_validators_judge_a_body_alike(document: object) -> None:
    """jsonschema-rs and jsonschema find the same mistakes, at the same places, in every body."""
    theirs = jsonschema.Draft4Validator(BODY_SCHEMA).iter_errors(document)
    ours = ObjectRule(BODY_SCHEMA).schema.iter_errors(document)
    assert sorted(list(each.instance_path) for each in ours) == sorted(list(each.absolute_path) for each in theirs)
