"""The end of a trail's file."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handlers.audit.chain import LINE_END, LastLine, chained_lines
from handlers.audit.record import CHECKPOINT, FILE_CLOSED, LINE_TORN, Record
from handlers.audit.tail import Tail, read_tail

NOON = datetime(2026, 11, 29, 5, tzinfo=UTC)


def _lines(*events: str) -> tuple[bytes, LastLine]:
    lines, last = chained_lines([Record(event, NOON) for event in events], LastLine())
    return b"".join(lines), last


def test_the_last_whole_line_is_found() -> None:
    """The tail of a file that ends well is its last line."""
    content, last = _lines("token.issued", "token.refused")
    assert Tail.parse(content) == Tail(last)


@pytest.mark.parametrize("torn", [b'{"previous":"00', b"\0" * 100, b'half\n{"previous":'])
def test_what_a_crash_tore_is_told_apart(torn: bytes) -> None:
    """Everything after the last whole line is torn, also if it has a line end in it."""
    content, last = _lines("token.issued")
    assert Tail.parse(content + torn) == Tail(last, torn, lacks_line_end=True)
    assert Tail.parse(content + torn + LINE_END) == Tail(last, torn)


def test_a_line_that_lacks_only_its_line_end_is_whole() -> None:
    """A crash between the last brace and the line end tears nothing."""
    content, last = _lines("token.issued", "token.refused")
    assert Tail.parse(content.removesuffix(LINE_END)) == Tail(last, lacks_line_end=True)


def test_a_file_without_a_whole_line_has_no_last_line() -> None:
    """An empty file, or one with a torn line only, does not say where the chain stands."""
    assert Tail.parse(b"").last is None
    assert Tail.parse(b"{").last is None


def test_a_file_is_closed_when_a_checkpoint_follows_file_closed() -> None:
    """A crash between the two lines leaves a file that is closing, but not closed."""
    closing, closed = Tail.parse(_lines(FILE_CLOSED)[0]), Tail.parse(_lines(FILE_CLOSED, CHECKPOINT)[0])
    assert (closing.is_closing, closing.is_closed) == (True, False)
    assert (closed.is_closing, closed.is_closed) == (True, True)
    assert not Tail.parse(_lines("token.issued", CHECKPOINT)[0]).is_closing
    assert Tail.parse(_lines(FILE_CLOSED, LINE_TORN, CHECKPOINT)[0]).is_closed


def test_only_the_end_of_a_large_file_is_read_unless_the_torn_bytes_are_long(tmp_path: Path) -> None:
    """The last line is found in a file of any size, and behind torn bytes of any length."""
    content, last = _lines(*["token.issued"] * 2_000)
    file = tmp_path / "audit"
    torn = b"\0" * 200_000
    file.write_bytes(content + torn)
    descriptor = os.open(file, os.O_RDONLY)
    assert read_tail(descriptor, len(content)) == Tail(last)
    assert read_tail(descriptor, len(content + torn)) == Tail(last, torn, lacks_line_end=True)
    os.close(descriptor)
