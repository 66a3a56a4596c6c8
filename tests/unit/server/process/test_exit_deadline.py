"""Ending a process that does not exit by itself."""

import signal
from queue import Empty, Queue
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from handlers.server.process import exit_deadline as module
from handlers.server.process.exit_deadline import ExitDeadline, exit_deadline

PATIENCE = 60
"""Seconds."""

SOON, NEVER = 0.01, 3_600.0


class World:
    """Records the actions of the deadline in order."""

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
    """No time limit ends during the test, unless the test sets it."""
    monkeypatch.setattr(module, "LONGEST_END_SECONDS", NEVER)
    monkeypatch.setattr(module, "LAST_THREADS_SECONDS", NEVER)
    return monkeypatch


def test_a_hanging_process_exits_after_a_signal(world: World, seconds: pytest.MonkeyPatch) -> None:
    """At the deadline, a line names the running threads, the log is written, and the status is 0."""
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


def test_a_hanging_process_exits_after_its_work(world: World, seconds: pytest.MonkeyPatch) -> None:
    """Without a signal, a process that finished its work has one second, and the status is 1."""
    seconds.setattr(module, "LAST_THREADS_SECONDS", SOON)
    world.deadline.shorten()
    assert [world.next(), world.next()] == ["log written", 1]


def test_a_second_signal_gives_no_more_time(world: World, seconds: pytest.MonkeyPatch) -> None:
    """The time limit starts at the first signal."""
    seconds.setattr(module, "LONGEST_END_SECONDS", SOON)
    world.deadline.start()
    seconds.setattr(module, "LONGEST_END_SECONDS", 300)
    world.deadline.start()
    assert [world.next(), world.next()] == ["log written", 0]


def test_the_time_limit_starts_after_the_drain(world: World, seconds: pytest.MonkeyPatch) -> None:
    """The drain delays the time limit. A second signal, which ends the drain, starts it at once."""
    seconds.setattr(module, "LONGEST_END_SECONDS", SOON)
    world.deadline.start(300)
    with pytest.raises(Empty):
        world.done.get(timeout=5 * SOON)
    world.deadline.start()
    assert [world.next(), world.next()] == ["log written", 0]
    world.deadline.cancel()


def test_a_process_that_ends_by_itself_is_left_alone(seconds: pytest.MonkeyPatch) -> None:
    """After the block no timer can end the process."""
    drained = Event()
    seconds.setattr(module, "LAST_THREADS_SECONDS", 5 * SOON)
    with exit_deadline(drained.set, int) as deadline:
        deadline.shorten()
    assert not drained.wait(10 * SOON)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_seen_without_its_handler(seconds: pytest.MonkeyPatch, stop: signal.Signals) -> None:
    """SIGINT and SIGTERM start the deadline even if no handler runs. SIGHUP does not."""
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
