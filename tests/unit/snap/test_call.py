"""The symmetric signature of the calls that follow the token."""

import json
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from hmac import digest
from time import process_time

import pytest
from hypothesis import given
from hypothesis.strategies import DrawFn, binary, booleans, composite, floats, integers, none, recursive, sampled_from
from hypothesis.strategies import dictionaries as objects
from hypothesis.strategies import lists as arrays
from hypothesis.strategies import text as strings

from handlers.snap.call import Call, minified, sign
from tests.vectors import body_hashes, symmetric

SECRET = b"myclientsecret"
SPACED = b'{ "payNo": "1 2",\n\t"amount": 10.00 }\r\n'
CALL = Call(
    "POST", "/api/v1.0/transfer-va/inquiry?page=1", "myaccesstoken", "2026-01-22T12:00:00+07:00", b'{"a": "b c"}'
)
VALUES = recursive(
    none() | booleans() | integers() | floats(allow_nan=False, allow_infinity=False) | strings(),
    lambda inner: arrays(inner, max_size=4) | objects(strings(), inner, max_size=4),
    max_leaves=12,
)
SPACE = b" \t\n\r"


def _signature(call: Call, body: bytes, secret: bytes = SECRET) -> str:
    """Sign with another implementation, which follows the words of the document."""
    parts = f"{call.method}:{call.uri}:{call.access_token}:{sha256(body).hexdigest().lower()}:{call.timestamp}"
    return b64encode(digest(secret, parts.encode(), "sha512")).decode()


@composite
def _spaced(draw: DrawFn) -> bytes:
    """JSON with whitespace in every place that allows it."""
    encoder = json.JSONEncoder(ensure_ascii=draw(booleans()), separators=(" ,\n", "\t:\r"))
    space = arrays(sampled_from(SPACE), max_size=3).map(bytes)
    return b"".join(draw(space) + token.encode() + draw(space) for token in encoder.iterencode(draw(VALUES)))


@pytest.mark.parametrize(("secret", "message", "signature"), symmetric())
def test_published_signatures_are_ours(secret: bytes, message: bytes, signature: str) -> None:
    """For a published secret, our signature is equal to the published one, byte for byte."""
    assert sign(secret, message) == signature


@pytest.mark.parametrize(("body", "hexadecimal"), body_hashes())
def test_published_body_hashes_are_ours(body: bytes, hexadecimal: str) -> None:
    """The string to sign contains the published hash of a published body, in lower case."""
    assert CALL.string_to_sign(body).split(b":")[3].decode() == hexadecimal
    assert minified(body) == body


def test_the_string_to_sign_is_the_call_as_received() -> None:
    """Method, path with query, token, body hash and timestamp stay as received, joined by colons."""
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert CALL.string_to_sign(b"").decode() == (
        f"POST:/api/v1.0/transfer-va/inquiry?page=1:myaccesstoken:{empty}:2026-01-22T12:00:00+07:00"
    )


@pytest.mark.parametrize("signed", [SPACED, minified(SPACED)], ids=["as sent", "minified"])
def test_either_form_of_the_body_may_be_signed(signed: bytes) -> None:
    """A signature over the body as sent and one over the minified body are both genuine."""
    call = replace(CALL, body=SPACED)
    assert call.is_signed_with(SECRET, _signature(call, signed))


@pytest.mark.parametrize(
    "signed",
    [
        b'{"payNo":"12","amount":10.00}',
        b'{"payNo":"1 2","amount":10.0}',
        b'{"amount":10.00,"payNo":"1 2"}',
        b"",
    ],
    ids=["inside a string", "another spelling of a number", "another order", "nothing"],
)
def test_another_body_is_not_signed(signed: bytes) -> None:
    """A body that differs in more than insignificant whitespace does not match the signature."""
    call = replace(CALL, body=SPACED)
    assert not call.is_signed_with(SECRET, _signature(call, signed))


@pytest.mark.parametrize(
    "other",
    [
        replace(CALL, method="PUT"),
        replace(CALL, uri="/api/v1.0/transfer-va/inquiry"),
        replace(CALL, access_token="another"),  # noqa: S106  no password
        replace(CALL, timestamp="2026-01-22T12:00:01+07:00"),
        replace(CALL, body=b"{}"),
    ],
)
def test_every_part_is_signed(other: Call) -> None:
    """A signature is valid for one method, one URI with its query, one token, one body and one timestamp."""
    signature = _signature(CALL, b'{"a": "b c"}')
    assert CALL.is_signed_with(SECRET, signature)
    assert not other.is_signed_with(SECRET, signature)


def test_another_secret_does_not_sign() -> None:
    """A signature with another secret is refused."""
    assert not CALL.is_signed_with(SECRET, _signature(CALL, CALL.body or b"", b"another"))


@given(strings())
def test_no_other_text_is_a_signature(signature: str) -> None:
    """Any text in the place of a signature, base64 or not, is compared without an error."""
    assert not CALL.is_signed_with(SECRET, signature)


def test_a_signature_has_one_spelling() -> None:
    """Other base64 of the same bytes is refused, and so is base64 without its padding."""
    signature = _signature(CALL, CALL.body or b"")
    for other in (signature.rstrip("="), signature + "=", signature[:-3] + chr(ord(signature[-3]) + 1) + "=="):
        assert not CALL.is_signed_with(SECRET, other)


@pytest.mark.parametrize(
    ("method", "body", "lacks"),
    [
        ("GET", None, False),
        ("HEAD", None, False),
        ("DELETE", b"", False),
        ("POST", None, True),
        ("POST", b"", True),
        ("PUT", None, True),
        ("POST", b" ", False),
    ],
)
def test_only_methods_with_a_body_can_lack_one(method: str, body: bytes | None, *, lacks: bool) -> None:
    """GET, HEAD and DELETE need no body. Every other method lacks its body if none came."""
    assert replace(CALL, method=method, body=body).lacks_body is lacks


@pytest.mark.parametrize(
    ("method", "body", "genuine"),
    [("GET", None, True), ("GET", b"", True), ("POST", b"", True), ("POST", None, False)],
)
def test_a_body_that_was_not_forwarded_matches_no_signature(method: str, body: bytes | None, *, genuine: bool) -> None:
    """A signature over an empty body is valid, but not if the proxy may have dropped the body."""
    call = replace(CALL, method=method, body=body)
    assert call.is_signed_with(SECRET, _signature(call, b"")) is genuine


@given(_spaced())
def test_minified_json_has_the_same_value(body: bytes) -> None:
    """Minified JSON parses to the same value, has no whitespace between tokens, and stays equal when minified again."""
    short = minified(body)
    assert json.loads(short) == json.loads(body)
    assert short == b"".join(_tokens(body))
    assert minified(short) == short


@pytest.mark.parametrize(
    ("body", "short"),
    [
        (b'{"a" : 1.0e+2 , "b" : -0.10}', b'{"a":1.0e+2,"b":-0.10}'),
        (b'{ "a": "\\u0041 \\/ \\" \\\\" }', b'{"a":"\\u0041 \\/ \\" \\\\"}'),
        ('{ "a": "é\u2028 " }'.encode(), '{"a":"é\u2028 "}'.encode()),
        (b" [ true , null ,\r\n[ ] ] ", b"[true,null,[]]"),
        (b' "a b" ', b'"a b"'),
        (b" 12 ", b"12"),
        (b"", b""),
        (b" \n", b""),
        (b"{\x0b\x0c\xa0}", b"{\x0b\x0c\xa0}"),
    ],
)  # fmt: skip
def test_only_insignificant_whitespace_is_removed(body: bytes, short: bytes) -> None:
    """Numbers, escapes, text and characters that only look like whitespace stay byte for byte."""
    assert minified(body) == short


@pytest.mark.parametrize(
    ("body", "short"),
    [
        (b'{"a": 1 2}', b'{"a":1 2}'),
        (b"a = b  c", b"a = b  c"),
        (b'["a" "b"]', b'["a" "b"]'),
        (b'{ "a ', b'{"a '),
        (b'{ "a \\', b'{"a \\'),
        (b'"\\" ', b'"\\" '),
        (b"\xff \xfe", b"\xff \xfe"),
    ],
)
def test_text_that_is_not_json_keeps_separating_spaces(body: bytes, short: bytes) -> None:
    """Two values never become one, and a string without its closing quote keeps its spaces."""
    assert minified(body) == short


def _tokens(body: bytes) -> list[bytes]:
    """Strings, structural characters and all other text, character by character."""
    tokens, at = [], 0
    while at < len(body):
        start = at
        at += 1
        if body[start : start + 1] == b'"':
            while at < len(body) and body[at : at + 1] != b'"':
                at += 2 if body[at : at + 1] == b"\\" else 1
            at = min(at + 1, len(body))
        elif body[start] not in b"{}[]:," + SPACE:
            while at < len(body) and body[at] not in b'{}[]:,"' + SPACE:
                at += 1
        if body[start] not in SPACE:
            tokens.append(body[start:at])
    return tokens


@given(binary() | arrays(sampled_from(list(b'"\\ \n{}[]:,1a'))).map(bytes))
def test_any_body_keeps_its_tokens(body: bytes) -> None:
    """Minifying any body keeps its tokens in order, and minifying again changes nothing."""
    short = minified(body)
    assert _tokens(short) == _tokens(body)
    assert minified(short) == short


@pytest.mark.parametrize(
    "piece",
    [b'"', b'\\"', b" ", b"\n1", b'" ', b"\\", b"{", b"[ ", b'"\\" \\\\', b" :", b"1 1\t", b'""', b"1 {"],
    ids=repr,
)
def test_minifying_takes_linear_time(piece: bytes) -> None:
    """Minifying 256 KiB of any repeated text takes less than half a second, also after an opening quote."""
    begun = process_time()
    for start in (b"", b'"', b'"\\'):
        minified(start + piece * (262_144 // len(piece)))
    assert process_time() - begun < 0.5


def test_a_call_without_a_token_leaves_its_place_out() -> None:
    """The string has four parts and no empty one for the token; with an empty token it would have five."""
    call = replace(CALL, access_token=None)
    hashed = sha256(b"").hexdigest()
    assert call.string_to_sign(b"") == f"POST:{CALL.uri}:{hashed}:{CALL.timestamp}".encode()
    assert call.string_to_sign(b"") != replace(CALL, access_token="").string_to_sign(b"")


@pytest.mark.parametrize(
    ("method", "body", "number", "missing"),
    [
        ("POST", b"{}", 2, False),
        ("POST", b"", 2, False),
        ("POST", None, 0, True),
        ("GET", None, 2, False),
        ("DELETE", b"", 2, False),
    ],
)
def test_a_body_that_was_not_forwarded_leaves_nothing_to_sign(
    method: str, body: bytes | None, number: int, *, missing: bool
) -> None:
    """Without the body of a POST there is no string to sign; a method that has no body needs none."""
    call = replace(CALL, method=method, body=body)
    assert (len(list(call.strings_to_sign())), call.body_not_forwarded) == (number, missing)
