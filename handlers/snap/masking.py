"""Masks secrets in text: known secrets, and everything that looks like a secret.

A known secret is found in any case, percent-encoded, in base64, base64url or hexadecimal, escaped as JSON or Python
escape it, and inside other text. If the text was cut off, the first eight characters of a secret are enough. What looks
like an access token (Fernet; JWT, RFC 7519), a private key in PEM, or a signature is masked too.
"""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from urllib.parse import quote

SHORTEST = 16
"""Characters. Every secret of the settings has at least this many, so a shorter text contains none."""

_BLOCK = 8
_SHORTEST_SIGNATURE = 80
"""Characters. An HMAC-SHA512 has 88 in base64. A fingerprint has 64 in hexadecimal, and is not masked."""

_LONGEST_SEARCHED = 4_096
"""Characters. `masked_prefix` searches only this much of a text for secrets."""

_SECRET_SHAPE = re.compile(
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
"""Matches base64 and hexadecimal text, but no words."""
_PATH = re.compile(r"(?=.*/)(?=.*[_-])[A-Za-z0-9_-]{0,40}(?:/[A-Za-z0-9_-]{0,40})+")
"""Matches paths of short names. No form of base64 has both a slash, and a hyphen or an underscore (RFC 4648)."""
_URL_SAFE_TO_STANDARD = str.maketrans("-_", "+/")

Mask = Callable[[str], str]
"""A function that takes a text and returns the text with its secrets masked."""

NamedSecret = tuple[str, bytes]
"""The name of a secret, such as `client secret`, and the secret itself."""


class SecretMasker:
    """Replaces known secrets, and text that looks like a secret, with `***[name]`."""

    def __init__(self, known: Iterable[NamedSecret] = ()) -> None:
        names = {form.lower(): mask_for(name) for name, secret in known for form in _forms(secret)}
        self._names = {form: names[form] for form in sorted(names, key=len, reverse=True)}
        self._pattern = re.compile("|".join(map(re.escape, self._names)), re.IGNORECASE)
        self._blocks = frozenset(form[at : at + _BLOCK] for form in names for at in range(len(form) - _BLOCK + 1))

    def masked(self, text: str) -> str:
        """Return the text without secrets, in linear time. A usual header value takes less than a microsecond."""
        if len(text) < SHORTEST:
            return text
        text = self.without_known(text)
        if len(text) >= _SHORTEST_SIGNATURE or "gAAAAA" in text or "eyJ" in text or "PRIVATE" in text:
            return _SECRET_SHAPE.sub(_mask_shape, text)
        return text

    def without_known(self, text: str) -> str:
        """Return the text without the known secrets. Text that only looks like a secret stays."""
        return (
            self._without_partial_secret(self._pattern.sub(self._mask_known, text))
            if self._may_contain_secret(text)
            else text
        )

    def _may_contain_secret(self, text: str) -> bool:
        """A secret of 16 characters covers at least one aligned block of 8 characters, wherever the secret begins."""
        lowered, blocks = text.lower(), self._blocks
        for at in range(0, len(lowered), _BLOCK):  # A loop, because `any` takes twice the time.
            if lowered[at : at + _BLOCK] in blocks:
                return True
        return lowered[-_BLOCK:] in blocks

    def _mask_known(self, found: re.Match[str]) -> str:
        return self._names.get(found[0].lower(), mask_for("secret"))

    def _without_partial_secret(self, text: str) -> str:
        """Mask the beginning of a secret at the end of the text, because a shortened text may end inside a secret."""
        lowered = text.lower()
        for form, mask in self._names.items():
            at = lowered.rfind(form[:_BLOCK])
            if at >= 0 and form.startswith(lowered[at:]):
                return f"{text[:at]}{mask}"
        return text


mask_secret_shapes: Mask = SecretMasker().masked
"""Masks everything that looks like a secret, without known secrets."""


def masked_prefix(text: str, length: int) -> str:
    """Return the first `length` characters of a text. Masking comes before shortening, so no part of a secret stays."""
    return mask_secret_shapes(text[:_LONGEST_SEARCHED])[:length]


def _mask_shape(found: re.Match[str]) -> str:
    kind, text = found.lastgroup or "", found[0]
    is_harmless = kind == "signature" and (not _RANDOM.fullmatch(text) or _PATH.fullmatch(text))
    return text if is_harmless else mask_for(_NAMES[kind])


def mask_for(name: str) -> str:
    """Return the text that replaces a secret of this name."""
    return f"***[{name}]"


def _forms(secret: bytes) -> set[str]:
    """Return the ways to write a secret. A form that is so short that it may be a word is left out."""
    text = secret.decode(errors="replace")
    encoded = {b64encode(secret).decode().rstrip("="), urlsafe_b64encode(secret).decode().rstrip("="), secret.hex()}
    written = {text, text.translate(_URL_SAFE_TO_STANDARD), secret.decode("latin-1"), *encoded}
    quoted = {quote(each, safe) for each in written for safe in ("", "/")}  # Some programs leave the slash as it is.
    forms = {*written, *quoted, json.dumps(text)[1:-1], repr(text)[1:-1]}
    return {form for form in forms if len(form) >= SHORTEST}
