"""Writing log lines beside the work."""

import errno
import json
import os
from collections.abc import Iterator
from threading import Event

import pytest

from handlers.server import log_stream
from handlers.server.log_stream import BackgroundWriter


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Where to read and where to write."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def _hindered(monkeypatch: pytest.MonkeyPatch, *failures: OSError | int | None) -> None:
    """The next writes fail, or write so many bytes only, or do what they should."""
    real, left = os.write, list(failures)

    def write(descriptor: int, data: bytes) -> int:
        match left.pop(0) if left else None:
            case OSError() as error:
                raise error
            case int(length):
                return real(descriptor, data[:length])
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)


def test_lines_arrive_in_their_order(pipe: tuple[int, int]) -> None:
    """What is handed over is written, and draining waits for it."""
    writer = BackgroundWriter(pipe[1])
    assert {writer.write(f"line {number} \udcff\n") for number in range(100)} == {9, 10}
    writer.flush()
    writer.drain()
    assert os.read(pipe[0], 10_000).decode().splitlines() == [f"line {number} \\udcff" for number in range(100)]


def test_a_short_write_is_gone_on_with(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that takes a part of a line is followed by one that takes the rest."""
    _hindered(monkeypatch, 3)
    writer = BackgroundWriter(pipe[1])
    writer.write("a line\n")
    writer.drain()
    assert os.read(pipe[0], 100) == b"a line\n"


def test_a_full_disk_loses_lines_and_says_so_afterwards(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first lines that can be written are preceded by the number of those lost, on a line of its own."""
    full = OSError(errno.ENOSPC, "No space left on device")
    _hindered(monkeypatch, full, 4, full)
    writer = BackgroundWriter(pipe[1])
    for line in ("lost\n", "torn, and lost\n", "kept\n", "kept too\n"):
        writer.write(line)
        writer.drain()
    ended, half, told, *kept = os.read(pipe[0], 1_000).decode().splitlines()
    assert (ended, half) == ("", '{"e')
    assert json.loads(told) == {"event": "log.lost", "level": "error", "lines": 2}
    assert kept == ["kept", "kept too"]


def test_a_reader_that_stalls_holds_nobody_up(monkeypatch: pytest.MonkeyPatch, pipe: tuple[int, int]) -> None:
    """While nothing can be written, handing over never waits: what there is no room for is lost, and draining ends."""
    stalled, going_on, real = Event(), Event(), os.write

    def write(descriptor: int, data: bytes) -> int:
        stalled.set()
        going_on.wait()
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    monkeypatch.setattr(log_stream, "_DRAIN_SECONDS", 0.05)
    writer = BackgroundWriter(pipe[1], most_lines=2)
    writer.write("a line\n")
    stalled.wait()
    writer.drain()
    for _ in range(49):
        writer.write("a line\n")
    writer.drain()
    monkeypatch.setattr(log_stream, "_DRAIN_SECONDS", 5)
    going_on.set()
    writer.drain()
    writer.write("the last\n")
    writer.drain()
    lines = os.read(pipe[0], 10_000).decode().splitlines()
    told = [json.loads(line)["lines"] for line in lines if line.startswith("{")]
    assert lines[-1] == "the last"
    assert sum(told) + lines.count("a line") == 50
