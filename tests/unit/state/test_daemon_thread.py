"""One thread for calls that may hang."""

import threading
from concurrent.futures import CancelledError
from threading import Event

import pytest

from handlers.state.daemon_thread import DaemonThread

PATIENCE = 20
"""Seconds."""


def test_calls_are_made_in_order_in_one_thread() -> None:
    """Each call gets its result or its error. One thread with the given name runs all calls in order."""
    thread = DaemonThread("state")
    made: list[int] = []
    calls = [thread.submit(made.append, number) for number in range(10)]
    names = {thread.submit(lambda: threading.current_thread().name).result(PATIENCE) for _ in range(3)}
    failing = thread.submit(lambda: 1 // 0)
    assert isinstance(failing.exception(PATIENCE), ZeroDivisionError)
    assert [call.result(PATIENCE) for call in calls] == [None] * 10
    assert made == list(range(10))
    assert names == {"state"}
    thread.shutdown()


def test_a_call_that_is_cancelled_in_time_never_runs() -> None:
    """A call that is cancelled before it starts never runs."""
    thread = DaemonThread("state")
    enough = Event()
    thread.submit(enough.wait)
    given_up = thread.submit(pytest.fail)
    assert given_up.cancel()
    enough.set()
    with pytest.raises(CancelledError):
        given_up.result(PATIENCE)
    assert thread.submit(lambda: "next").result(PATIENCE) == "next"
    thread.shutdown()


def test_it_ends_after_all_queued_calls() -> None:
    """Queued calls run, later calls are errors, and the process never waits for the thread."""
    thread = DaemonThread("ending")
    (worker,) = [each for each in threading.enumerate() if each.name == "ending"]
    last = thread.submit(lambda: "last")
    thread.shutdown()
    assert last.result(PATIENCE) == "last"
    with pytest.raises(RuntimeError, match="has ended"):
        thread.submit(lambda: "too late")
    assert worker.daemon
    worker.join(PATIENCE)
    assert not worker.is_alive()
