"""Makes text from a server safe for reports: no complete secret, and no character that a terminal or XML acts on."""

import re

_LONGEST = 120
_KEPT = 8
"""Characters that are kept of a text, and of a token or signature in it."""

_SECRET = re.compile(r"[A-Za-z0-9+/=._~-]{33,}")
"""Matches tokens and signatures. They are longer than any word of a message."""


def redacted(text: str) -> str:
    """Shorten a text, cut tokens and signatures after their first characters, and replace control characters."""
    printable = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    shown = _SECRET.sub(lambda secret: f"{secret[0][:_KEPT]}...", printable)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."
