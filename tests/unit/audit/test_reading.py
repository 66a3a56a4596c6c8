"""The lines of a trail are read."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from handlers.audit.chain import LONGEST_LINE
from handlers.audit.public_keys import PublicKeys
from handlers.audit.reading import StoredFile, TrailLine, stored_files
from handlers.audit.verification import Verification
from tests.trails import trail

MADE = trail()
FIRST, SECOND, THIRD = MADE.files


def _lines(folder: Path) -> list[TrailLine]:
    return [line for file in stored_files(folder) for line in file.lines()]


def test_files_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """Plain and compressed files are read, and nothing else in the folder."""
    MADE.write(tmp_path, compressed=1)
    for name in ("lock", "notes.txt", f"{THIRD.name}.new", f"{THIRD.name}.gz.new", "audit-20261129-0000001.jsonl"):
        (tmp_path / name).touch()
    lines = _lines(tmp_path)
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    assert list(dict.fromkeys(line.name for line in lines)) == [FIRST.compressed_name, SECOND.name, THIRD.name]


def test_a_file_that_is_compressed_meanwhile_is_read(tmp_path: Path) -> None:
    """If the server compresses a file after the folder was listed, the compressed file is read."""
    MADE.write(tmp_path)
    files = stored_files(tmp_path)
    MADE.write(tmp_path, compressed=2)
    assert [line.number for line in files[0].lines()] == list(range(1, len(MADE.files[FIRST]) + 1))
    both = StoredFile(tmp_path, FIRST, (FIRST.name, FIRST.compressed_name))
    assert both.first_difference() is None


def test_a_file_that_is_gone_is_an_error(tmp_path: Path) -> None:
    """A file that was listed and is gone is an error of the system, and no end of the trail."""
    MADE.write(tmp_path)
    file = stored_files(tmp_path)[0]
    (tmp_path / FIRST.name).unlink()
    with pytest.raises(FileNotFoundError):
        list(file.lines())


@pytest.mark.parametrize("name", [THIRD.name, THIRD.compressed_name])
def test_an_empty_file_has_a_damaged_line(tmp_path: Path, name: str) -> None:
    """The server makes no empty file, so its first line is missing."""
    MADE.write(tmp_path)
    (tmp_path / THIRD.name).unlink()
    (tmp_path / name).touch()
    line = _lines(tmp_path)[-1]
    assert (line.name, line.place, line.damage) == (name, 1, "is missing: the file is empty")


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_regular_file_is_an_error(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """A folder or a pipe with the name of a file of the trail is not left out, and nobody waits for a pipe."""
    make(tmp_path / FIRST.name)
    with pytest.raises(OSError, match="it is not a regular file") as caught:
        _lines(tmp_path)
    assert caught.value.filename == str(tmp_path / FIRST.name)


def test_an_error_in_the_middle_names_the_file(tmp_path: Path) -> None:
    """A disk that cannot read a part of a file is an error of this file. The kernel refuses to read address 0."""
    (tmp_path / FIRST.name).symlink_to("/proc/self/mem")
    with pytest.raises(OSError, match="Input/output error") as caught:
        _lines(tmp_path)
    assert caught.value.filename == str(tmp_path / FIRST.name)


@pytest.mark.parametrize("end", [b"\r", b" ", b"\t"])
def test_nothing_comes_after_the_object(tmp_path: Path, end: bytes) -> None:
    """A line with other bytes after the object is no line of a trail, although it is JSON."""
    (tmp_path / FIRST.name).write_bytes(MADE.files[FIRST][0] + end + b"\n")
    (line,) = _lines(tmp_path)
    assert line.members is None


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b'{"previous":1}', b'{"previous":"0"}', b"\xff"])
def test_other_text_is_no_line(tmp_path: Path, text: bytes) -> None:
    """Text that the server does not write has no members and no event."""
    (tmp_path / FIRST.name).write_bytes(text + b"\n")
    (line,) = _lines(tmp_path)
    assert (line.members, line.number, line.previous, line.event, line.hash) == (None, None, None, "", "")


@pytest.mark.parametrize("depth", [300, 1_000])
def test_a_nested_object_is_no_line(tmp_path: Path, depth: int) -> None:
    """An object that can be read, but is too deep to be shown, has not been written by a server."""
    nested = MADE.files[FIRST][0].removesuffix(b"}") + b',"x":' + b"[" * depth + b"]" * depth + b"}"
    (tmp_path / FIRST.name).write_bytes(nested + b"\n")
    assert [each.members for each in _lines(tmp_path)] == [None]


@pytest.mark.parametrize(
    "time",
    [
        "",
        "now",
        "2026-11-29T03:00:00Z",
        "2026-11-29T03:00:00.000000",
        "20261129",
        "2026-12-31T23:59:60.000000Z",
        "9999-12-31T17:00:00.000000Z",
    ],
)
def test_a_time_has_one_form(tmp_path: Path, time: str) -> None:
    """A line whose time is not UTC with microseconds, or has no time in Jakarta, is no line of a trail."""
    line = MADE.files[FIRST][0].replace(b"2026-11-29T03:00:00.000000Z", time.encode())
    (tmp_path / FIRST.name).write_bytes(line + b"\n")
    assert [each.members for each in _lines(tmp_path)] == [None]


def test_a_long_line_is_read_in_pieces(tmp_path: Path) -> None:
    """A line of any length needs little memory, and keeps its place in the file."""
    (tmp_path / FIRST.name).write_bytes(b"#" * (2 * LONGEST_LINE + 1) + b"\nend\n")
    lines = _lines(tmp_path)
    assert [(line.place, len(line.raw), line.is_ended) for line in lines] == [
        (1, LONGEST_LINE, False),
        (1, LONGEST_LINE, False),
        (1, 1, True),
        (2, 3, True),
    ]


@pytest.mark.parametrize(
    "change", [lambda raw: raw[:-9], lambda raw: b"\0" + raw[1:], lambda raw: raw[:30] + bytes(9) + raw[39:]]
)
def test_a_damaged_compressed_file_is_a_fault(tmp_path: Path, change: object) -> None:
    """A compressed file that was cut off, replaced or altered is a fault in this file."""
    MADE.write(tmp_path, compressed=1)
    file = tmp_path / FIRST.compressed_name
    assert callable(change)
    file.write_bytes(change(file.read_bytes()))
    verification = Verification(PublicKeys.of([]))
    assert list(verification.read(stored_files(tmp_path)))
    assert verification.fault
    assert verification.fault.file == FIRST.compressed_name
