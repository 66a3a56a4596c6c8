"""Decodes X-SIGNATURE, also from wrong encodings and from several encodings around one another."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from handlers.doctor import request_format
from handlers.doctor.candidates.placeholders import placeholder
from handlers.doctor.checks.signature_layers import Bytes, Layer, byte_readings, layers
from handlers.doctor.verdicts import Evidence, Finding, Verdict

Decoded = tuple[bytes | None, Finding | None]
"""The bytes, or None if the text cannot be decoded. Then what is wrong with the text, or None for standard base64."""

MOST_LAYERS = 3
"""Layers around the innermost encoding. Fewer layers are tried first."""


class Limits(NamedTuple):
    """The work for one signature: its characters, and the different texts that are tried for each number of layers."""

    characters: int
    texts: int


FOR_PERSON = Limits(16_384, 64)
"""The limits if a person waits. The longest percent-encoded signature has fewer characters."""

FOR_LOG = Limits(2_048, 16)
"""The limits in the server, which then answers nobody. The documents allow no longer signature."""

_CANONICAL = re.compile(request_format.SIGNATURE)
_CUT_BASE64 = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")
_SHORTEST_CUT = 64
"""Bytes of an HMAC-SHA512, the shortest signature that is right somewhere."""

_MOST_LETTERS_BY_CHANCE = 12
"""Different letters of one case. Real base64 of a signature with so many has letters of both cases."""

_USUAL_SIZES = frozenset({16, 20, 28, 32, 48, 64, 128, 256, 384, 512})
"""Bytes of an HMAC or of an RSA signature. A signature of another size was cut off or is none."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """The bytes of a signature, and the layers around them, the outermost one first."""

    raw: bytes
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """The texts that were tried, at most `limit`."""

    limit: int
    texts: set[str]

    def add(self, text: str) -> bool:
        """Whether the text is to be tried: it is new, and the limit allows it."""
        if text in self.texts or len(self.texts) >= self.limit:
            return False
        self.texts.add(text)
        return True


def decode(text: str, sizes: Collection[int], limits: Limits = FOR_PERSON) -> Decoded:
    """Decode a signature. Return its bytes, and what is wrong with its encoding.

    `sizes` are the possible lengths of a signature in bytes. Hexadecimal digits are also valid base64, and so is base64
    of base64, so only the length tells them apart.
    """
    if len(text) > limits.characters:
        return None, _finding(Verdict.SIGNATURE_NOT_BASE64, text)
    reading = _reading(text, sizes, limits.texts)
    if _is_of_one_case(text) and not (reading and reading.layers and reading.layers[0].form != "base64"):
        return None, _finding(Verdict.SIGNATURE_CASE_CHANGED, text)
    if reading:
        return reading.raw, _finding_of(reading, text)
    return _of_another_size(text, sizes)


def _is_of_one_case(text: str) -> bool:
    letters = {each for each in text if each.isalpha()}
    is_of_one_case = text in {text.lower(), text.upper()}
    return is_of_one_case and len(letters) > _MOST_LETTERS_BY_CHANCE and " " not in text and len(text) > _SHORTEST_CUT


def wrong_length(signature: bytes, sizes: Collection[int], text: str) -> Finding:
    """Return the finding for a signature that has none of these sizes in bytes. `text` is X-SIGNATURE."""
    if len(signature) < min(sizes, default=0) and len(signature) not in _USUAL_SIZES:
        return _cut_off(len(signature), min(sizes), text)
    wanted = " or ".join(map(str, sorted(sizes)))
    return Finding(Verdict.SIGNATURE_WRONG_LENGTH, {"length": len(signature), "wanted": wanted})


def _reading(text: str, sizes: Collection[int], texts: int) -> _Reading | None:
    for most in range(MOST_LAYERS + 1):
        found = _search(text, sizes, most, _Seen(texts, {text}))
        if found:
            return found
    return None


def _search(text: str, sizes: Collection[int], most: int, seen: _Seen) -> _Reading | None:
    """Remove at most `most` layers until the bytes have one of the sizes."""
    fitting = [each for each in byte_readings(text) if len(each.raw) in sizes]
    # Bytes that are ASCII text are probably encoded once more.
    if fitting and not (most and fitting[0].raw.isascii()):
        return _Reading(fitting[0].raw, fitting[0].layers)
    for layer, inner in layers(text) if most else ():
        if seen.add(inner):
            found = _search(inner, sizes, most - 1, seen)
            if found:
                return _Reading(found.raw, (layer, *found.layers))
    return _Reading(fitting[0].raw, fitting[0].layers) if fitting else None


def _of_another_size(text: str, sizes: Collection[int]) -> Decoded:
    """Decode a text that has no signature of one of the sizes, as far as it is base64."""
    literal = placeholder(text)
    if literal:
        return None, Finding(Verdict.SIGNATURE_PLACEHOLDER, {"value": literal})
    if _CANONICAL.fullmatch(text):
        raw = next((each.raw for each in byte_readings(text) if not each.layers), None)
        return raw or None, None if raw else _finding(Verdict.SIGNATURE_NOT_BASE64, text)
    length = len(text.rstrip("=")) * 3 // 4
    larger = [size for size in sizes if size > length and size >= _SHORTEST_CUT]
    if _CUT_BASE64.fullmatch(text) and larger and length not in sizes:
        return None, _cut_off(length, min(larger), text)
    return _in_wrapping(text) or (None, _finding(Verdict.SIGNATURE_NOT_BASE64, text))


def _in_wrapping(text: str) -> Decoded | None:
    """Return the bytes of standard base64 in one layer of text, such as quotes, whatever their length."""
    for layer, inner in layers(text):
        found: Bytes | None = next((each for each in byte_readings(inner) if not each.layers), None)
        if found and layer.verdict != Verdict.SIGNATURE_ENCODED_TWICE:
            return found.raw, _finding(layer.verdict, text, layer.form)
    return None


def _finding_of(reading: _Reading, text: str) -> Finding | None:
    if not reading.layers:
        return None
    outermost, forms = reading.layers[0], [layer.form for layer in reading.layers]
    if outermost.verdict != Verdict.SIGNATURE_ENCODED_TWICE:
        return _finding(outermost.verdict, text, outermost.form)
    if not reading.layers[-1].decodes:
        forms.append("base64")
    return _finding(outermost.verdict, text, f"{'('.join(forms)}{')' * (len(forms) - 1)}")


def _cut_off(length: int, wanted: int, text: str) -> Finding:
    evidence: Evidence = {
        "length": length,
        "wanted": wanted,
        "characters": len(text),
        "wanted_characters": (wanted + 2) // 3 * 4,
    }
    return Finding(Verdict.SIGNATURE_CUT_OFF, evidence)


def _finding(verdict: Verdict, text: str, form: str = "") -> Finding:
    return Finding(verdict, {"header": "X-SIGNATURE", "length": len(text), **({"form": form} if form else {})})
