"""The writer of a running server: batches, failures, losses and the end."""

import asyncio
import io
import json
import os
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from errno import EIO
from pathlib import Path
from typing import Any

import pytest

from handlers.audit import writer_thread
from handlers.audit.appender import Appender, TrailOptions
from handlers.audit.folder_lock import locked
from handlers.audit.record import Record
from handlers.audit.writer import TrailWriter
from tests.merchant import NOON, Clock
from tests.trail_files import chain_of, events

ISSUED = Record("token.issued", NOON, {"client": "IONPAYTEST"})
REFUSED = Record("token.refused", NOON)
LONGEST_TEST_SECONDS = 60


def _run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def within_limit() -> None:
        async with asyncio.timeout(LONGEST_TEST_SECONDS):
            await test()

    asyncio.run(within_limit())


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  other threads make it true
        await asyncio.sleep(0.005)


@dataclass(frozen=True)
class Disk:
    """The folder of the trail, which can be taken away."""

    folder: Path

    def fail(self) -> None:
        self.folder.rename(self.folder.with_name("away"))

    def recover(self) -> None:
        self.folder.with_name("away").rename(self.folder)


@pytest.fixture
def disk(options: TrailOptions) -> Disk:
    return Disk(options.folder)


def _logged(log: io.StringIO) -> list[str]:
    return [json.loads(line)["event"] for line in log.getvalue().splitlines()]


def test_lines_are_written_and_signed_at_the_end(options: TrailOptions, clock: Clock, tmp_path: Path) -> None:
    """What waits at the end is written, and a checkpoint follows."""

    async def test() -> None:
        writer = TrailWriter(options, clock, continues=False)
        async with writer.running():
            assert await writer.record(ISSUED, is_success=True)
            writer.put(REFUSED)
        assert (writer.lines_written, writer.lines_waiting, writer.lines_lost, writer.up) == (2, 0, 0, True)

    _run(test)
    assert events(tmp_path) == ["file.opened", "token.issued", "token.refused", "checkpoint"]


def test_a_writer_without_lines_makes_no_file(options: TrailOptions, clock: Clock, tmp_path: Path) -> None:
    """A server that decides nothing leaves no file."""

    async def test() -> None:
        async with TrailWriter(options, clock, continues=False).running():
            pass

    _run(test)
    assert list(tmp_path.iterdir()) == []


def test_a_durable_line_is_in_the_file_before_the_answer(options: TrailOptions, clock: Clock, tmp_path: Path) -> None:
    """`record` returns when the line is on disk. Requests that come together share a write."""

    async def test() -> None:
        writer = TrailWriter(replace(options, durable=True), clock, continues=False)
        async with writer.running():
            assert await asyncio.gather(*(writer.record(ISSUED, is_success=True) for _ in range(20))) == [True] * 20
            assert events(tmp_path).count("token.issued") == 20

    _run(test)


@pytest.mark.parametrize("durable", [False, True])
def test_no_success_leaves_while_the_trail_is_down(
    options: TrailOptions, clock: Clock, log: io.StringIO, disk: Disk, *, durable: bool
) -> None:
    """Refusals are recorded later, when a write succeeds again. A line of the trail tells of the failure."""

    async def test() -> None:
        writer = TrailWriter(replace(options, durable=durable), clock, continues=False)
        async with writer.running():
            await writer.record(ISSUED, is_success=True)
            await _until(lambda: writer.lines_written == 1)
            disk.fail()
            first = await writer.record(REFUSED, is_success=False)
            await _until(lambda: not writer.up)
            assert (first, await writer.record(ISSUED, is_success=True)) == (True, False)
            assert await writer.record(REFUSED, is_success=False)
            await _until(lambda: "audit.down" in _logged(log))
            disk.recover()
            await _until(lambda: writer.up)
            assert await writer.record(ISSUED, is_success=True)
            await _until(lambda: "audit.up" in _logged(log))

    _run(test)
    assert events(options.folder)[1:] == [
        *("token.issued", "trail.resumed", "token.refused", "token.refused", "token.issued", "checkpoint")
    ]
    resumed = chain_of(options.folder)[2]
    assert (resumed["cause"], resumed["lines_lost"]) == ("No such file or directory", 0)
    assert [event for event in _logged(log) if event != "audit.not_compressed"] == ["audit.down", "audit.up"]


def test_a_success_that_could_not_be_written_is_withdrawn(options: TrailOptions, clock: Clock, disk: Disk) -> None:
    """If the write of a success fails, its request is refused, and its line is never written."""

    async def test() -> None:
        writer = TrailWriter(replace(options, durable=True), clock, continues=False)
        async with writer.running():
            await writer.record(REFUSED, is_success=False)
            disk.fail()
            assert not await writer.record(ISSUED, is_success=True)
            assert writer.lines_waiting == 0
            disk.recover()
            await _until(lambda: writer.up)

    _run(test)
    assert events(options.folder) == ["file.opened", "token.refused", "trail.resumed", "checkpoint"]


@pytest.mark.parametrize("durable", [False, True])
def test_lines_are_lost_and_counted_if_the_server_continues(
    options: TrailOptions, clock: Clock, log: io.StringIO, disk: Disk, *, durable: bool
) -> None:
    """With "continue", every request is answered, and the trail and the log say how many lines are lost."""

    async def test() -> None:
        writer = TrailWriter(replace(options, durable=durable), clock, continues=True)
        async with writer.running():
            await writer.record(ISSUED, is_success=True)
            await _until(lambda: writer.lines_written == 1)
            disk.fail()
            for _ in range(3):
                assert await writer.record(ISSUED, is_success=True)
                await _until(lambda: not writer.up)
            await _until(lambda: writer.lines_lost == 3)
            disk.recover()
            await _until(lambda: writer.up)

    _run(test)
    assert chain_of(options.folder)[2]["lines_lost"] == 3
    lost = [line["lines"] for line in map(json.loads, log.getvalue().splitlines()) if line["event"] == "audit.lost"]
    assert sum(lost) == 3


def test_too_many_waiting_lines_are_lost(options: TrailOptions, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue has a limit. A success beyond it does not leave, and the trail says how many lines are lost."""
    monkeypatch.setattr(writer_thread, "MOST_LINES", 3)

    async def test() -> None:
        for durable in (False, True):
            writer = TrailWriter(replace(options, durable=durable), clock, continues=False)
            writer.put(REFUSED)
            writer.put(REFUSED)
            writer.put(REFUSED)
            assert not await writer.record(ISSUED, is_success=True)
            assert (writer.lines_waiting, writer.lines_lost) == (3, 1)
            async with writer.running():
                await _until(lambda: writer.lines_waiting == 0)  # noqa: B023  called in this turn of the loop

    _run(test)
    resumed = [line for line in chain_of(options.folder) if line["event"] == "trail.resumed"]
    assert [(line["lines_lost"], "since" in line) for line in resumed] == [(1, False)] * 2


def test_a_loss_is_in_the_trail_once(options: TrailOptions, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """While lines can be written but not flushed, the trail does not say again how many lines were lost before."""
    flush, failures = os.fdatasync, iter(range(3))

    def fail_three_times(descriptor: int) -> None:
        if next(failures, None) is not None:
            raise OSError(EIO, "Input/output error")
        flush(descriptor)

    monkeypatch.setattr(writer_thread, "MOST_LINES", 1)
    monkeypatch.setattr(os, "fdatasync", fail_three_times)

    async def test() -> None:
        writer = TrailWriter(replace(options, durable=True), clock, continues=False)
        writer.put(REFUSED)
        writer.put(REFUSED)
        async with writer.running():
            await _until(lambda: writer.lines_written == 1)

    _run(test)
    resumed = [line["lines_lost"] for line in chain_of(options.folder) if line["event"] == "trail.resumed"]
    assert resumed == [1, 0, 0, 0]


def test_a_write_that_takes_too_long_counts_as_failed(
    options: TrailOptions, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    """No request waits longer than the limit for a disk that hangs. What was withdrawn may still be written."""
    monkeypatch.setattr(writer_thread, "LONGEST_WRITE_SECONDS", 0.01)
    monkeypatch.setattr("handlers.audit.writer.LONGEST_WRITE_SECONDS", 0.01)

    async def test() -> None:
        writer = TrailWriter(replace(options, durable=True), clock, continues=False)
        async with writer.running():
            with locked(tmp_path / "lock"):
                assert not await writer.record(ISSUED, is_success=True)
                await _until(lambda: not writer.up)
                await _until(lambda: "audit.down" in _logged(log))
            await _until(lambda: writer.up)

    _run(test)
    assert json.loads(log.getvalue().splitlines()[0])["cause"] == "a write takes more than 0.01 s"
    assert events(tmp_path) == ["file.opened", "token.issued", "checkpoint"]


def test_what_cannot_be_written_before_the_end_is_lost(
    options: TrailOptions, clock: Clock, log: io.StringIO, disk: Disk
) -> None:
    """A server that stops while the trail is down ends, and its log counts the lines that were not written."""

    async def test() -> None:
        writer = TrailWriter(options, clock, continues=False)
        async with writer.running():
            await writer.record(ISSUED, is_success=True)
            await _until(lambda: writer.lines_written == 1)
            disk.fail()
            writer.put(REFUSED)
            writer.put(REFUSED)

    _run(test)
    disk.recover()
    lost = json.loads(log.getvalue().splitlines()[-1])
    assert (lost["event"], lost["lines"]) == ("audit.lost", 2)


def test_an_unexpected_error_does_not_end_the_thread(
    options: TrailOptions, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The thread tries again after any error, because a thread that ended would write nothing."""
    append, failures = Appender.append, [RuntimeError("once")]

    def fail_once(self: Appender, records: list[Record]) -> None:
        if failures:
            raise failures.pop()
        append(self, records)

    monkeypatch.setattr(Appender, "append", fail_once)

    async def test() -> None:
        writer = TrailWriter(options, clock, continues=False)
        async with writer.running():
            writer.put(ISSUED)
            await _until(lambda: writer.lines_written == 1)

    _run(test)
    resumed = chain_of(tmp_path)[1]
    assert (resumed["event"], resumed["cause"]) == ("trail.resumed", "RuntimeError('once')")


def test_the_lines_of_an_hour_are_signed_although_nothing_follows(
    options: TrailOptions, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint closes the hour also if no request comes in the next one."""
    monkeypatch.setattr(writer_thread, "_IDLE_SECONDS", 0.01)

    async def test() -> None:
        writer = TrailWriter(options, clock, continues=False)
        async with writer.running():
            writer.put(ISSUED)
            await _until(lambda: writer.lines_written == 1)
            clock.now = NOON.replace(hour=6)
            await _until(lambda: "checkpoint" in events(tmp_path))

    _run(test)


def test_closed_files_are_compressed(options: TrailOptions, clock: Clock, tmp_path: Path) -> None:
    """A file is compressed soon after it was closed, by another thread than the one that writes."""

    async def test() -> None:
        writer = TrailWriter(replace(options, rotate_bytes=1_024), clock, continues=False)
        async with writer.running():
            while not list(options.folder.glob("*.gz")):
                writer.put(ISSUED)
                await asyncio.sleep(0.005)

    _run(test)
    for thread in threading.enumerate():
        if thread.name == "audit-compression":
            thread.join()
    chain_of(tmp_path)


def test_a_compression_that_fails_is_logged(
    options: TrailOptions, clock: Clock, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trail goes on without compression, and the log says why."""

    def fail(*_arguments: object) -> None:
        message = "no space"
        raise OSError(message)

    monkeypatch.setattr(writer_thread, "compress_closed_files", fail)

    async def test() -> None:
        writer = TrailWriter(options, clock, continues=False)
        async with writer.running():
            writer.put(ISSUED)
            await _until(lambda: _logged(log) == ["audit.not_compressed"])

    _run(test)


def test_an_answer_that_comes_after_the_end_of_the_loop_is_dropped(
    options: TrailOptions, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that answers after the server has ended causes no error in the thread."""
    monkeypatch.setattr(writer_thread, "_DRAIN_SECONDS", 0.0)
    writer = TrailWriter(replace(options, durable=True), clock, continues=False)

    async def test() -> None:
        async with writer.running():
            waiting = asyncio.create_task(writer.record(ISSUED, is_success=True))
            await asyncio.sleep(0)
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting

    with locked(tmp_path / "lock"):
        asyncio.run(test())
    for thread in threading.enumerate():
        if thread.name == "audit":
            thread.join()
    assert "token.issued" in events(tmp_path)


def test_a_compression_that_cannot_begin_is_logged(
    options: TrailOptions, clock: Clock, log: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the process may not have more threads, the thread that writes goes on."""
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "audit-compression":
            message = "can't start new thread"
            raise RuntimeError(message)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)

    async def test() -> None:
        writer = TrailWriter(options, clock, continues=False)
        async with writer.running():
            writer.put(ISSUED)
            await _until(lambda: _logged(log) == ["audit.not_compressed"])
            writer.put(ISSUED)

    _run(test)
    assert events(tmp_path).count("token.issued") == 2
