"""The end of a process that does not end by itself."""

import signal
from queue import Empty, Queue
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from handlers.server.process import exit_deadline as module
from handlers.server.process.exit_deadline import ExitDeadline, exit_deadline

PATIENCE = 20
"""Seconds."""

SOON, NEVER = 0.01, 3_600.0


class World:
    """What the last deadline does, in order."""

    def __init__(self) -> None:
        self.done: Queue[str | int] = Queue()
        self.deadline = ExitDeadline(lambda: self.done.put("log written"), self.done.put)

    def next(self) -> str | int:
        return self.done.get(timeout=PATIENCE)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nothing is due unless a test says so."""
    monkeypatch.setattr(module, "LONGEST_END_SECONDS", NEVER)
    monkeypatch.setattr(module, "LAST_THREADS_SECONDS", NEVER)
    return monkeypatch


def test_a_process_that_was_told_to_end_ends(world: World, seconds: pytest.MonkeyPatch) -> None:
    """When its time is over, one line names the threads that it waits for, the log is written, and the status is 0."""
    seconds.setattr(module, "LONGEST_END_SECONDS", SOON)
    enough = Event()
    stuck = Thread(target=enough.wait, name="stuck")
    stuck.start()
    with capture_logs() as log:
        world.deadline.start()
        assert [world.next(), world.next()] == ["log written", 0]
    enough.set()
    stuck.join()
    (line,) = log
    assert (line["event"], line["log_level"]) == ("server.cut_off", "error")
    assert "stuck" in line["threads"]


def test_a_process_that_is_done_ends(world: World, seconds: pytest.MonkeyPatch) -> None:
    """What was not told to end and is done all the same has failed: it has a second, and status 1."""
    seconds.setattr(module, "LAST_THREADS_SECONDS", SOON)
    world.deadline.shorten()
    assert [world.next(), world.next()] == ["log written", 1]


def test_a_second_signal_gives_no_more_time(world: World, seconds: pytest.MonkeyPatch) -> None:
    """The time counts from the first signal on."""
    world.deadline.start()
    seconds.setattr(module, "LONGEST_END_SECONDS", SOON)
    world.deadline.start()
    world.deadline.cancel()
    with pytest.raises(Empty):
        world.done.get(timeout=5 * SOON)


def test_a_process_that_ends_by_itself_is_let(seconds: pytest.MonkeyPatch) -> None:
    """After the block nothing is left that would end the process."""
    drained = Event()
    seconds.setattr(module, "LAST_THREADS_SECONDS", 5 * SOON)
    with exit_deadline(drained.set, int) as deadline:
        deadline.shorten()
    assert not drained.wait(10 * SOON)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_heard_without_its_handler(seconds: pytest.MonkeyPatch, stop: signal.Signals) -> None:
    """SIGINT and SIGTERM begin the end though what handles them does nothing, or never runs; SIGHUP does not."""
    seconds.setattr(module, "LONGEST_END_SECONDS", SOON)
    left: Queue[int] = Queue()
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGHUP, stop)}
    try:
        with exit_deadline(lambda: None, left.put):
            signal.raise_signal(signal.SIGHUP)
            with pytest.raises(Empty):
                left.get(timeout=5 * SOON)
            signal.raise_signal(stop)
            assert left.get(timeout=PATIENCE) == 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
