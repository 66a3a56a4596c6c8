"""The pauses before a worker is started again."""

from handlers.server.process.workers.backoff import Backoff

HOUR = 3_600.0


class Monotonic:
    """A clock that the test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_pauses_double_up_to_a_limit() -> None:
    """If a worker always fails, the pauses are 1, 2, 4 and at most 30 seconds."""
    backoff = Backoff(Monotonic())
    assert [backoff.next() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_after_a_calm_time_the_pause_is_short() -> None:
    """A worker that ends once in an hour waits one second each time."""
    clock = Monotonic()
    backoff = Backoff(clock)
    pauses = []
    for _ in range(3):
        clock.now += HOUR
        pauses.append(backoff.next())
    assert pauses == [1, 1, 1]


def test_a_failing_worker_is_never_calm() -> None:
    """The pause itself is no calm time: a worker that fails right after the longest pause waits as long again."""
    clock = Monotonic()
    backoff = Backoff(clock)
    for _ in range(20):
        clock.now += backoff.next() + 30
    assert backoff.next() == 30
