"""Text from a server, as reports show it."""

import pytest

from handlers.judge.redaction import redacted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Unauthorized. X-CLIENT-KEY or X-SIGNATURE", "Unauthorized. X-CLIENT-KEY or X-SIGNATURE"),
        ("token gAAAAABlriCCobZVpWL-aqsKGpbURghDXAr3-dlwitL", "token gAAAAABl..."),
        ("a\x1b[31m\x00\nb", "a\N{REPLACEMENT CHARACTER}[31m" + "\N{REPLACEMENT CHARACTER}" * 2 + "b"),
        ("no " * 50, ("no " * 50)[:120] + "..."),
    ],
    ids=["plain", "token", "control characters", "long"],
)
def test_secrets_and_control_characters_are_removed(text: str, shown: str) -> None:
    """Tokens, signatures and long texts are cut, and control characters are replaced."""
    assert redacted(text) == shown
