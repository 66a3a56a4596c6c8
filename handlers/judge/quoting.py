"""What a server said, as reports may show it: nothing secret in full, nothing that a terminal or XML would act on."""

import re

_LONGEST = 120
_KEPT = 8

_SECRET = re.compile(r"[A-Za-z0-9+/=._~-]{33,}")
"""Tokens and signatures are longer than any word of a message."""


def quoted(text: str) -> str:
    """Shortened, with tokens and signatures cut to their beginning, and without control characters."""
    plain = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    shown = _SECRET.sub(lambda secret: f"{secret[0][:_KEPT]}...", plain)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."
