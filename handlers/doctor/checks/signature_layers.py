"""The layers that clients put around a signature by mistake, and the encodings of its bytes."""

import binascii
import json
import re
from base64 import b32decode, b64decode, b64encode, urlsafe_b64decode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from html import unescape
from itertools import islice
from string import whitespace
from typing import Any, NamedTuple
from urllib.parse import unquote

from handlers.doctor.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer. `form` names it in messages. `decodes` is true if the layer turns text into bytes."""

    verdict: Verdict
    form: str
    decodes: bool = False


class Bytes(NamedTuple):
    """The bytes of an encoded signature, and the layers in which it is wrong. Standard base64 has none."""

    raw: bytes
    layers: tuple[Layer, ...] = ()


_HEX = re.compile(r"(?:0x)?([0-9A-Fa-f]{2}(?:[-: ]?[0-9A-Fa-f]{2}){7,})")
_DIGIT = re.compile("[0-9]")
_NUMBERS = re.compile(r"\[?\s*(-?\d{1,3}(?:\s*,\s*-?\d{1,3}){15,})\s*\]?")
_DECIMAL = re.compile(r"[1-9][0-9]{40,1300}")
_BASE32 = re.compile(r"[A-Z2-7]{32,}={0,6}")
_DATA_URL = re.compile(r"data:[^,]{0,80},(.+)")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+={0,2}")
# No search below takes more than linear time, because the server decodes signatures of anybody: repeated parts have an
# upper limit, or cannot begin in the middle of one another.
_QUOTES = re.compile(
    r"""b?\\?["'`\u2018-\u201d\xb4]{1,3}(.*?)\\?["'`\u2018-\u201d\xb4]{1,3}|[<{\[(](.*)[>}\])]""", re.DOTALL
)
_BREAK = re.compile(r"\s|\\[rnt]")
_ARMOUR = re.compile(r"--\s{0,8}BEGIN [^-]{1,60}--+((?:[^-]|-(?!-))+)--+\s{0,8}END [^-]{1,60}--")
_WORD_BEFORE = re.compile(r"[A-Za-z][\w.+/-]{0,30}?(?:\([\w./-]{1,40}\))?(?:=:?|:|\s)\s*")
_SIGNS_BEHIND = f";,.:\\{whitespace}"
_SHORTEST_TEXT = 20
"""Characters. A shorter text is no signature."""

_ALGORITHM = re.compile(r"sha|rsa|hmac|rs\d|hs\d|sig|bearer|basic|base64|v\d", re.IGNORECASE)
"""A word that a message may show. Any other word may be a secret."""

_PARAMETER = re.compile(r"""(?:^|[\s,;])(?:signature|sig)=["']?([A-Za-z0-9+/=]{20,})""", re.IGNORECASE)
_JWS = re.compile(r"(?<![\w-])eyJ[\w-]*\.[\w-]*\.([\w-]{20,})")
_ESCAPE = re.compile(r"\\(?:u00|x)([0-9A-Fa-f]{2})|\\(/)")
_ASCII_TEXT = re.compile(rb"[\t\r\n -~]{20,}")
_DER_START, _OCTET_STRING, _BIT_STRING = b"\x30\x04\x03", 0x04, 0x03

_MOST_STRINGS = 8
"""Strings of a JSON value that may be the signature."""

_HEX_LAYER = Layer(Verdict.SIGNATURE_HEX, "hex", decodes=True)
_BASE64URL_LAYER = Layer(Verdict.SIGNATURE_BASE64URL, "base64url", decodes=True)
_UNPADDED_LAYER = Layer(Verdict.SIGNATURE_PADDING_MISSING, "base64", decodes=True)
_NOT_CANONICAL_LAYER = Layer(Verdict.SIGNATURE_NOT_BASE64, "base64", decodes=True)
_NUMBERS_LAYER = Layer(Verdict.SIGNATURE_IN_CONTAINER, "list of numbers", decodes=True)
_DECIMAL_LAYER = Layer(Verdict.SIGNATURE_IN_CONTAINER, "decimal number", decodes=True)
_BASE32_LAYER = Layer(Verdict.SIGNATURE_IN_CONTAINER, "base32", decodes=True)
_SIGN_BYTE_LAYER = Layer(Verdict.SIGNATURE_IN_CONTAINER, "BigInteger")
_DER_LAYER = Layer(Verdict.SIGNATURE_IN_CONTAINER, "DER")


def byte_readings(text: str) -> Iterator[Bytes]:
    """Yield the bytes for which a text may stand, each with its encoding, the most special encoding first."""
    for reading in _encoded(text):
        yield reading
        yield from _out_of_der(reading)
        if reading.raw.startswith(b"\0"):  # Java's BigInteger adds the byte to a positive number.
            yield Bytes(reading.raw[1:], (_SIGN_BYTE_LAYER, *reading.layers))


def _encoded(text: str) -> Iterator[Bytes]:
    digits = _HEX.fullmatch(text)
    if digits and _DIGIT.search(digits[1]):
        yield Bytes(bytes.fromhex(re.sub("[-: ]", "", digits[1])), (_HEX_LAYER,))
    numbers = _NUMBERS.fullmatch(text)
    if numbers:
        yield Bytes(bytes(int(each) & 0xFF for each in numbers[1].split(",")), (_NUMBERS_LAYER,))
    if _DECIMAL.fullmatch(text):
        number = int(text)
        length = (number.bit_length() + 7) // 8
        # A number has no leading zero byte, and a signature may have one.
        yield from (Bytes(number.to_bytes(each), (_DECIMAL_LAYER,)) for each in (length, length + 1))
    if _BASE32.fullmatch(text):
        with suppress(binascii.Error):
            yield Bytes(b32decode(text), (_BASE32_LAYER,))
    yield from _base64_readings(text)


def _base64_readings(text: str) -> Iterator[Bytes]:
    with suppress(binascii.Error, ValueError):
        raw = b64decode(text, validate=True)
        yield Bytes(raw, () if b64encode(raw).decode() == text else (_NOT_CANONICAL_LAYER,))
        return
    bare = text.rstrip("=")
    padded = bare + "=" * (-len(bare) % 4)
    with suppress(binascii.Error, ValueError):
        if _BASE64URL.fullmatch(text) and re.search("[-_]", text):
            yield Bytes(urlsafe_b64decode(padded), (_BASE64URL_LAYER,))
        elif padded != text:
            yield Bytes(b64decode(padded, validate=True), (_UNPADDED_LAYER,))


def _out_of_der(reading: Bytes) -> Iterator[Bytes]:
    """Yield the content of an OCTET STRING or a BIT STRING at the end of a DER value (X.690, sections 8.6 and 8.7)."""
    raw = reading.raw
    if raw[:1] not in {bytes([each]) for each in _DER_START}:
        return
    for tag, unused_bits in ((_OCTET_STRING, b""), (_BIT_STRING, b"\0")):
        for size in (512, 384, 256, 128, 64, 32, 20):
            header = bytes([tag]) + _der_length(size + len(unused_bits)) + unused_bits
            if raw[: len(raw) - size].endswith(header):
                yield Bytes(raw[-size:], (_DER_LAYER, *reading.layers))


def _der_length(length: int) -> bytes:
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return octets if length < 0x80 else bytes([0x80 | len(octets)]) + octets  # noqa: PLR2004  X.690, section 8.1.3


def layers(text: str) -> Iterator[tuple[Layer, str]]:
    """Yield each layer that a text may have around it, and the text without it."""
    for layer, inner in _possible_layers(text):
        if inner and inner != text:
            yield layer, inner


def _possible_layers(text: str) -> Iterator[tuple[Layer, str]]:
    quotes = _QUOTES.fullmatch(text)
    if quotes:
        yield Layer(Verdict.SIGNATURE_QUOTED, "quotes"), quotes[1] or quotes[2] or ""
    yield from ((Layer(Verdict.SIGNATURE_IN_CONTAINER, "JSON"), each) for each in _json_texts(text))
    for pattern, form in ((_ARMOUR, "PEM"), (_DATA_URL, "data URL"), (_JWS, "JWS"), (_PARAMETER, "HTTP signature")):
        found = pattern.search(text)
        if found:
            yield Layer(Verdict.SIGNATURE_IN_CONTAINER, form), found[1]
    yield Layer(Verdict.SIGNATURE_LINE_WRAPPED, "line breaks"), _BREAK.sub("", text)
    yield Layer(Verdict.SIGNATURE_PLUS_LOST, "blank for +"), text.replace(" ", "+")
    yield Layer(Verdict.SIGNATURE_PERCENT_ENCODED, "percent"), unquote(text, errors="replace")
    yield Layer(Verdict.SIGNATURE_ESCAPED, "JSON"), _ESCAPE.sub(lambda it: it[2] or chr(int(it[1], 16)), text)
    yield Layer(Verdict.SIGNATURE_ESCAPED, "HTML"), unescape(text)
    yield Layer(Verdict.SIGNATURE_ESCAPED, "quoted-printable"), text.replace("=3D", "=")
    copies = re.split(r"[,;]\s*", text)
    if len(set(copies)) == 1:
        yield Layer(Verdict.SIGNATURE_DECORATED, f"{len(copies)} x"), copies[0]
    yield from _out_of_decoration(text)
    yield from _decoded_once_more(text)


def _out_of_decoration(text: str) -> Iterator[tuple[Layer, str]]:
    """Yield the text without the word before it, such as `sha256=`, and the signs behind it."""
    word = found[0] if (found := _WORD_BEFORE.match(text)) else ""
    inner = text[len(word) :].rstrip(_SIGNS_BEHIND)
    if len(inner) >= _SHORTEST_TEXT:
        extra = f"{word}{text[len(word) + len(inner) :]}".strip()
        is_safe = not word or _ALGORITHM.search(extra)
        yield Layer(Verdict.SIGNATURE_DECORATED, extra if is_safe else "..."), inner


def _decoded_once_more(text: str) -> Iterator[tuple[Layer, str]]:
    for encoded, wrong in byte_readings(text):
        raw = encoded.replace(b"\0", b"")  # UTF-16 has a zero byte in each character of ASCII.
        if _ASCII_TEXT.fullmatch(raw):
            form = wrong[0].form if wrong else "base64"
            yield Layer(Verdict.SIGNATURE_ENCODED_TWICE, form), raw.decode().strip()


def _json_texts(text: str) -> Iterator[str]:
    """Yield the strings in a JSON object or list."""
    with suppress(ValueError, RecursionError):
        value: Any = json.loads(text) if text[:1] in "{[" else ()
        members = value.values() if isinstance(value, dict) else value
        yield from islice((each for each in members if isinstance(each, str)), _MOST_STRINGS)
        if isinstance(value, dict) and isinstance(value.get("data"), list):  # Node's JSON of a Buffer
            yield ",".join(map(str, value["data"]))
