"""An answer that was pasted behind its request. See also test_capture_file.py."""

import pytest

from handlers.cli.captured.answer import without_separators


@pytest.mark.parametrize(
    ("text", "body"),
    [
        (b"a\n\n--- Response ---\r\n\r\n", b"a"),
        (b"--- Response ---\n", b""),
        (b"a  \n", b"a  "),
        (b"a\n  \n", b"a"),
        (b"", b""),
        (b"a" + b"\n-" * 10, b"a\n-\n-\n"),
    ],
)
def test_lines_before_an_answer_are_no_part_of_the_body(text: bytes, body: bytes) -> None:
    """At most eight lines of dashes, blanks and the word for an answer are left out. Blanks behind the body stay."""
    assert without_separators(text) == body
