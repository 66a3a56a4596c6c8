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
_MOST_WRAPPINGS = 4
_LONGEST = 16_384
"""Characters; the longest signature, percent-encoded, has fewer."""


def read(text: str, sizes: Collection[int]) -> Spelt:
    """`sizes` are the lengths in bytes that a signature can have: hexadecimal is base64 to look at."""
    if len(text) > _LONGEST:
        return None, _finding(Verdict.SIGNATURE_NOT_BASE64, text)
    inner, outermost = text, None
    for _ in range(_MOST_WRAPPINGS):
        verdict, peeled = _peeled(inner)
        if verdict is None:
            break
        inner, outermost = peeled, outermost or verdict
    raw, finding = _bare(inner, sizes)
    return raw, _finding(outermost if raw else Verdict.SIGNATURE_NOT_BASE64, text) if outermost else finding


def _peeled(text: str) -> tuple[Verdict | None, str]:
    """Without what is around or between the characters, and what that was; None for nothing."""
    quotes = _QUOTES.fullmatch(text)
    forms = {
        Verdict.SIGNATURE_QUOTED: quotes[1] if quotes else text,
        Verdict.SIGNATURE_LINE_WRAPPED: _BREAK.sub("", text),
        Verdict.SIGNATURE_PERCENT_ENCODED: unquote(text, errors="replace"),
    }
    return next(((verdict, other) for verdict, other in forms.items() if other != text), (None, text))


def _bare(text: str, sizes: Collection[int]) -> Spelt:
    return _hex(text, sizes) or _base64url(text) or _plain(text)


def _hex(text: str, sizes: Collection[int]) -> Spelt | None:
    digits = _HEX.fullmatch(text)
    if not digits or len(digits[1]) // 2 not in sizes:
        return None
    return bytes.fromhex(digits[1]), _finding(Verdict.SIGNATURE_HEX, text)


def _base64url(text: str) -> Spelt | None:
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
