"""Decodes X-SIGNATURE, also from wrong encodings."""

import re
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Callable, Collection
from urllib.parse import unquote

from handlers.doctor import request_format
from handlers.doctor.verdicts import Finding, Verdict

Decoded = tuple[bytes | None, Finding | None]
"""The bytes, or None if the text cannot be decoded. Then what is wrong with the text, or None for standard base64."""

_HEX = re.compile(r"(?:0x)?((?:[0-9A-Fa-f]{2})+)")
_QUOTES = re.compile(r"""\\?["'](.*?)\\?["']""", re.DOTALL)
_BREAK = re.compile(r"\s|\\[rn]")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_CANONICAL = re.compile(request_format.SIGNATURE)
_MOST_WRAPPINGS = 4
_LONGEST = 16_384
"""Characters. The longest percent-encoded signature has fewer."""


def decode(text: str, sizes: Collection[int]) -> Decoded:
    """Decode a signature. Return its bytes, and what is wrong with its encoding.

    `sizes` are the possible lengths of a signature in bytes. Hexadecimal digits are also valid base64, so only the
    length tells the two apart.
    """
    if len(text) > _LONGEST:
        return None, _finding(Verdict.SIGNATURE_NOT_BASE64, text)
    inner, outermost = text, None
    for _ in range(_MOST_WRAPPINGS):
        verdict, unwrapped = _unwrap(inner)
        if verdict is None:
            break
        inner, outermost = unwrapped, outermost or verdict
    signature, finding = _decode_unwrapped(inner, sizes)
    return signature, _finding(outermost if signature else Verdict.SIGNATURE_NOT_BASE64, text) if outermost else finding


def _unwrap(text: str) -> tuple[Verdict | None, str]:
    """Remove one wrapping, such as quotes. Return its verdict and the text without it; None if there is no wrapping."""
    quotes = _QUOTES.fullmatch(text)
    unwrapped = {
        Verdict.SIGNATURE_QUOTED: quotes[1] if quotes else text,
        Verdict.SIGNATURE_LINE_WRAPPED: _BREAK.sub("", text),
        Verdict.SIGNATURE_PERCENT_ENCODED: unquote(text, errors="replace"),
    }
    return next(((verdict, other) for verdict, other in unwrapped.items() if other != text), (None, text))


def _decode_unwrapped(text: str, sizes: Collection[int]) -> Decoded:
    return _hex(text, sizes) or _base64url(text) or _base64(text)


def _hex(text: str, sizes: Collection[int]) -> Decoded | None:
    digits = _HEX.fullmatch(text)
    if not digits or len(digits[1]) // 2 not in sizes:
        return None
    return bytes.fromhex(digits[1]), _finding(Verdict.SIGNATURE_HEX, text)


def _base64url(text: str) -> Decoded | None:
    if not (_BASE64URL.fullmatch(text) and re.search("[-_]", text)):
        return None
    signature = _decoded(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), urlsafe_b64decode)
    return (signature, _finding(Verdict.SIGNATURE_BASE64URL, text)) if signature else None


def _base64(text: str) -> Decoded:
    signature = _decoded(text, lambda each: b64decode(each, validate=True))
    return signature, None if signature and _CANONICAL.fullmatch(text) else _finding(Verdict.SIGNATURE_NOT_BASE64, text)


def _decoded(text: str, decode: Callable[[str], bytes]) -> bytes | None:
    try:
        return decode(text) or None
    except ValueError:
        return None


def _finding(verdict: Verdict, text: str) -> Finding:
    return Finding(verdict, {"header": "X-SIGNATURE", "length": len(text)})
