"""Text that is safe to show on a terminal or in a line of the log."""

import pytest

from handlers.escaping import escaped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("X-TIMESTAMP is empty, kliën", "X-TIMESTAMP is empty, kliën"),
        ("one\ntwo\t\x1b[2J", r"one\ntwo\t\x1b[2J"),
        ("\x7f\x9b", r"\x7f\x9b"),
        ("\u2028\u2029\u202e", r"\u2028\u2029\u202e"),
        ("\udc80", r"\udc80"),
    ],
)
def test_unprintable_characters_are_escaped(text: str, shown: str) -> None:
    """Control characters, line separators and changes of direction are escaped. Other text stays."""
    assert escaped(text) == shown
