"""Text that must not be shown: known secrets, and everything that has the shape of a secret.

A secret is found as it is, in another case, percent-encoded, in base64, base64url or hexadecimal, escaped as JSON or
Python does, and inside other text. If the text was cut off, the first eight characters of a secret are enough. The
shapes are those of an access token (Fernet; JWT, RFC 7519), of a private key in PEM, and of a signature.
"""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from urllib.parse import quote

SHORTEST = 16
"""Characters; no secret of the settings has fewer, and a shorter text cannot hold one."""

_BLOCK = 8
_SHORTEST_SIGNATURE = 80
"""Characters. An HMAC-SHA512 has 88 in base64; a fingerprint has 64 in hexadecimal."""

_LONGEST = 4_096
"""Characters that are searched for secrets before a text is shortened."""

_SHAPE = re.compile(
    rf"""
    (?P<token>
        gAAAAA[A-Za-z0-9_-]{{4,}}(?:=|%3[Dd]){{0,2}}
      | eyJ[A-Za-z0-9_-]{{8,}}(?:\.[A-Za-z0-9_-]*){{0,2}}
    )
    | -----BEGIN\ [A-Z ]*(?P<key>PRIVATE\ KEY)-----.*?(?=-----END|\Z)(?:-----END\ [A-Z ]*-----)?
    | (?<![A-Za-z0-9+/_-])(?P<signature>(?:[A-Za-z0-9+/_-]|%2[BbFf]){{{_SHORTEST_SIGNATURE},}}(?:=|%3[Dd]){{0,2}})
    """,
    re.DOTALL | re.VERBOSE,
)
_NAMES = {"token": "access token", "key": "private key", "signature": "signature"}
_RANDOM = re.compile(r"(?=.*[0-9])(?:(?=.*[a-z])(?=.*[A-Z]).*|[0-9A-Fa-f]*)")
"""Matches letters and digits that are base64 or hexadecimal, and no word or path."""
_STANDARD = str.maketrans("-_", "+/")

Mask = Callable[[str], str]
"""A function that returns a text without its secrets."""

NamedSecret = tuple[str, bytes]
"""The name of a secret, such as `client secret`, and the secret."""


class SecretMasker:
    """Replaces known secrets, and text in the shape of a secret, by `***[name]`."""

    def __init__(self, known: Iterable[NamedSecret] = ()) -> None:
        names = {form.lower(): mask_for(name) for name, secret in known for form in _forms(secret)}
        self._names = {form: names[form] for form in sorted(names, key=len, reverse=True)}
        self._pattern = re.compile("|".join(map(re.escape, self._names)), re.IGNORECASE)
        self._blocks = frozenset(form[at : at + _BLOCK] for form in names for at in range(len(form) - _BLOCK + 1))

    def masked(self, text: str) -> str:
        """The text without secrets. Takes linear time, and well under a microsecond for a header's usual value."""
        if len(text) < SHORTEST:
            return text
        text = self.without_known(text)
        if len(text) >= _SHORTEST_SIGNATURE or "gAAAAA" in text or "eyJ" in text or "PRIVATE" in text:
            return _SHAPE.sub(_of_shape, text)
        return text

    def without_known(self, text: str) -> str:
        """The text without the known secrets. Text that only has the shape of a secret stays."""
        return self._without_beginning(self._pattern.sub(self._of_known, text)) if self._is_suspect(text) else text

    def _is_suspect(self, text: str) -> bool:
        """A secret of sixteen characters fills at least one of the text's blocks of eight, wherever it begins."""
        lowered, blocks = text.lower(), self._blocks
        for at in range(0, len(lowered), _BLOCK):  # A loop, since `any` takes twice the time.
            if lowered[at : at + _BLOCK] in blocks:
                return True
        return lowered[-_BLOCK:] in blocks

    def _of_known(self, found: re.Match[str]) -> str:
        return self._names.get(found[0].lower(), mask_for("secret"))

    def _without_beginning(self, text: str) -> str:
        """The text without the beginning of a secret at its end: a text that was shortened may end inside a secret."""
        lowered = text.lower()
        for form, mask in self._names.items():
            at = lowered.rfind(form[:_BLOCK])
            if at >= 0 and form.startswith(lowered[at:]):
                return f"{text[:at]}{mask}"
        return text


mask_secret_shapes: Mask = SecretMasker().masked
"""Masks the shapes of secrets, if no secret is known."""


def masked_prefix(text: str, most: int) -> str:
    """At most so many characters of a text. It is masked before it is cut, so that no part of a secret stays."""
    return mask_secret_shapes(text[:_LONGEST])[:most]


def _of_shape(found: re.Match[str]) -> str:
    kind = found.lastgroup or ""
    return found[0] if kind == "signature" and not _RANDOM.fullmatch(found[0]) else mask_for(_NAMES[kind])


def mask_for(name: str) -> str:
    """The text that replaces a secret of this name."""
    return f"***[{name}]"


def _forms(secret: bytes) -> set[str]:
    """The ways to write a secret, without those that are so short that they may be a word."""
    text = secret.decode(errors="replace")
    encoded = {b64encode(secret).decode().rstrip("="), urlsafe_b64encode(secret).decode().rstrip("="), secret.hex()}
    escaped = {quote(text, safe=""), json.dumps(text)[1:-1], repr(text)[1:-1]}
    forms = {text, text.translate(_STANDARD), secret.decode("latin-1"), *encoded, *escaped}
    return {form for form in forms if len(form) >= SHORTEST}
