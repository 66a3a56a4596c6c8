"""One thread for calls that may hang."""

import threading
from concurrent.futures import CancelledError
from threading import Event

import pytest

from handlers.state.daemon_thread import DaemonThread

PATIENCE = 20
"""Seconds."""


def test_calls_are_made_in_order_in_one_thread() -> None:
    """Each call has its result or its error, and all are made by one thread, which has the name."""
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


def test_what_is_cancelled_before_its_turn_is_not_made() -> None:
    """A call that nobody waits for any more is passed over."""
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


def test_it_ends_after_what_was_submitted() -> None:
    """What came before the end is made, what comes after it is an error, and the process never waits for it."""
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
