"""X-SIGNATURE as a text: the bytes that it spells, in whichever way."""

import re
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Callable, Collection
from urllib.parse import unquote

from handlers.doctor import form
from handlers.doctor.verdicts import Finding, Verdict

Spelt = tuple[bytes | None, Finding | None]
"""The bytes, None if none can be made out; and what is wrong with the text, None if it is as the document wants it."""

_HEX = re.compile(r"(?:0x)?((?:[0-9A-Fa-f]{2})+)")
_QUOTES = re.compile(r"""\\?["'](.*?)\\?["']""", re.DOTALL)
_BREAK = re.compile(r"\s|\\[rn]")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_CANONICAL = re.compile(form.SIGNATURE)


def read(text: str, sizes: Collection[int]) -> Spelt:
    """`sizes` are the lengths in bytes that a signature can have: hexadecimal is base64 to look at."""
    for reader in (_hex, _quoted, _wrapped, _percent_encoded, _base64url):
        spelt = reader(text, sizes)
        if spelt:
            return spelt
    return _plain(text)


def _hex(text: str, sizes: Collection[int]) -> Spelt | None:
    digits = _HEX.fullmatch(text)
    if not digits or len(digits[1]) // 2 not in sizes:
        return None
    return bytes.fromhex(digits[1]), _finding(Verdict.SIGNATURE_HEX, text)


def _quoted(text: str, sizes: Collection[int]) -> Spelt | None:
    quotes = _QUOTES.fullmatch(text)
    return _without(quotes[1], Verdict.SIGNATURE_QUOTED, text, sizes) if quotes else None


def _wrapped(text: str, sizes: Collection[int]) -> Spelt | None:
    joined = _BREAK.sub("", text)
    return _without(joined, Verdict.SIGNATURE_LINE_WRAPPED, text, sizes) if joined != text else None


def _percent_encoded(text: str, sizes: Collection[int]) -> Spelt | None:
    decoded = unquote(text, errors="replace")
    return _without(decoded, Verdict.SIGNATURE_PERCENT_ENCODED, text, sizes) if decoded != text else None


def _without(inner: str, verdict: Verdict, text: str, sizes: Collection[int]) -> Spelt:
    raw, _ = read(inner, sizes)
    return raw, _finding(verdict if raw else Verdict.SIGNATURE_NOT_BASE64, text)


def _base64url(text: str, _sizes: Collection[int]) -> Spelt | None:
    if not (_BASE64URL.fullmatch(text) and re.search("[-_]", text)):
        return None
    raw = _decoded(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), urlsafe_b64decode)
    return (raw, _finding(Verdict.SIGNATURE_BASE64URL, text)) if raw else None


def _plain(text: str) -> Spelt:
    raw = _decoded(text, lambda each: b64decode(each, validate=True))
    return raw, None if raw and _CANONICAL.fullmatch(text) else _finding(Verdict.SIGNATURE_NOT_BASE64, text)


def _decoded(text: str, decode: Callable[[str], bytes]) -> bytes | None:
    try:
        return decode(text) or None
    except ValueError:
        return None


def _finding(verdict: Verdict, text: str) -> Finding:
    return Finding(verdict, {"header": "X-SIGNATURE", "length": len(text)})
