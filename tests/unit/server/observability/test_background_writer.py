"""Writing log lines in a thread."""

import errno
import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from threading import Event

import pytest

from handlers.server.observability import background_writer
from handlers.server.observability.background_writer import BackgroundWriter
from tests.metrics import increases, series

LINE = -1
"""Stands among numbers of bytes for: up to the end of the first line."""


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The read end and the write end of a pipe."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def _hindered(monkeypatch: pytest.MonkeyPatch, *failures: OSError | int | None) -> None:
    """The next writes fail, or write so many bytes or up to the end of a line, or do what they should."""
    real, left = os.write, list(failures)

    def write(descriptor: int, data: bytes) -> int:
        match left.pop(0) if left else None:
            case OSError() as error:
                raise error
            case int(length):
                return real(descriptor, data[: length if length != LINE else bytes(data).index(b"\n") + 1])
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)


def test_lines_arrive_in_their_order(pipe: tuple[int, int]) -> None:
    """Queued lines are written in order, and `drain` waits for them."""
    writer = BackgroundWriter(pipe[1])
    assert {writer.write(f"line {number} \udcff\n") for number in range(100)} == {9, 10}
    writer.flush()
    writer.drain()
    assert os.read(pipe[0], 10_000).decode().splitlines() == [f"line {number} \\udcff" for number in range(100)]


def test_a_short_write_is_continued(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """If one write takes only a part of the data, the next write continues with the rest."""
    _hindered(monkeypatch, 3)
    writer = BackgroundWriter(pipe[1])
    writer.write("a line\n")
    writer.drain()
    assert os.read(pipe[0], 100) == b"a line\n"


def _lost_lines(line: str) -> int:
    """The number of lost lines in a log line that has a level and a time in UTC like every other."""
    reported = json.loads(line)
    assert datetime.fromisoformat(reported.pop("timestamp")).utcoffset() == timedelta()
    lines: int = reported.pop("lines")
    assert reported == {"event": "log.lost", "level": "error"}
    return lines


def test_a_full_disk_loses_lines_and_says_so_afterwards(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first successful write begins with a line that has the number of lost lines."""
    full = OSError(errno.ENOSPC, "No space left on device")
    _hindered(monkeypatch, full, 4, full)
    writer = BackgroundWriter(pipe[1])
    for line in ("lost\n", "lost too\n", "kept\n", "kept too\n"):
        writer.write(line)
        writer.drain()
    half, reported, *kept = os.read(pipe[0], 1_000).decode().splitlines()
    assert (half, _lost_lines(reported), kept) == ('{"ev', 2, ["kept", "kept too"])


def test_lost_lines_are_counted_at_once(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The metrics have each lost line, whether it was not written or found the queue full, before the log says so."""
    _hindered(monkeypatch, OSError(errno.ENOSPC, "No space left on device"))
    with increases() as risen:
        writer = BackgroundWriter(pipe[1])
        writer.write("not written\n")
        writer.drain()
        BackgroundWriter(pipe[1], most_lines=0).write("queue full\n")
    assert risen == {series("snap_log_lines_lost_total"): 2}


def test_half_a_line_is_never_joined_by_another(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A partly written line counts as lost, and the next line starts on its own line."""
    full = OSError(errno.ENOSPC, "No space left on device")
    _hindered(monkeypatch, 4, full, full)
    writer = BackgroundWriter(pipe[1])
    for line in ("torn\n", "lost\n", "kept\n"):
        writer.write(line)
        writer.drain()
    half, reported, *kept = os.read(pipe[0], 1_000).decode().splitlines()
    assert (half, _lost_lines(reported), kept) == ("torn", 2, ["kept"])


def test_a_reported_loss_is_not_reported_again(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """If the notice was written but the lines after it were not, the next notice counts only these lines."""
    full = OSError(errno.ENOSPC, "No space left on device")
    _hindered(monkeypatch, full, LINE, full)
    writer = BackgroundWriter(pipe[1])
    for line in ("lost\n", "two\nlines, lost\n", "kept\n"):
        writer.write(line)
        writer.drain()
    first, second, *kept = os.read(pipe[0], 1_000).decode().splitlines()
    assert (_lost_lines(first), _lost_lines(second), kept) == (1, 1, ["kept"])


def test_a_loss_is_reported_at_the_end(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """`drain` reports lost lines, also if no other line follows."""
    _hindered(monkeypatch, OSError(errno.ENOSPC, "No space left on device"))
    writer = BackgroundWriter(pipe[1])
    writer.write("lost\n")
    writer.drain()
    writer.drain()
    assert _lost_lines(os.read(pipe[0], 1_000).decode()) == 1


def test_a_descriptor_that_does_not_block_is_waited_for(pipe: tuple[int, int]) -> None:
    """A slow reader of a non-blocking standard error gets every complete line."""
    os.set_blocking(pipe[1], False)
    writer = BackgroundWriter(pipe[1])
    lines = [f"line {number} {'x' * 100}\n" for number in range(5_000)]
    for line in lines:
        writer.write(line)
    received = b""
    while len(received) < sum(map(len, lines)):
        received += os.read(pipe[0], 1_000)
    assert received.decode() == "".join(lines)


def test_lines_for_a_closed_reader_are_lost() -> None:
    """Lines for a closed reader are lost, and `drain` returns."""
    read, write = os.pipe()
    os.close(read)
    writer = BackgroundWriter(write)
    for _ in range(3):
        assert writer.write("lost\n") == 5
        writer.drain()
    os.close(write)


def test_a_reader_that_stalls_holds_nobody_up(monkeypatch: pytest.MonkeyPatch, pipe: tuple[int, int]) -> None:
    """While nothing can be written, `write` never waits. Lines beyond the limit are lost, and `drain` returns."""
    stalled, going_on, real = Event(), Event(), os.write

    def write(descriptor: int, data: bytes) -> int:
        stalled.set()
        going_on.wait()
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    monkeypatch.setattr(background_writer, "_DRAIN_SECONDS", 0.05)
    writer = BackgroundWriter(pipe[1], most_lines=2)
    writer.write("a line\n")
    stalled.wait()
    writer.drain()
    for _ in range(49):
        writer.write("a line\n")
    writer.drain()
    monkeypatch.setattr(background_writer, "_DRAIN_SECONDS", 5)
    going_on.set()
    writer.drain()
    writer.write("the last\n")
    writer.drain()
    lines = os.read(pipe[0], 10_000).decode().splitlines()
    reported = [json.loads(line)["lines"] for line in lines if line.startswith("{")]
    assert lines[-1] == "the last"
    assert sum(reported) + lines.count("a line") == 50
