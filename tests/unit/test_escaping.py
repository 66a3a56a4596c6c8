"""Text that a terminal, or a line of a log, may show."""

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
def test_what_cannot_be_printed_is_escaped(text: str, shown: str) -> None:
    """Control characters, separators of lines and changes of direction are escaped; the rest stays as it is."""
    assert escaped(text) == shown
