"""How fast the judge asks."""

from dataclasses import dataclass, field

from handlers.judge.pace import Pace


@dataclass
class Watch:
    """A clock that runs only while somebody sleeps."""

    seconds: float = 100.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


def test_requests_are_spread_evenly() -> None:
    """At four a second, the first goes at once, and each further one a quarter of a second after the one before."""
    watch = Watch()
    pace = Pace(4, watch, watch.sleep)
    for _ in range(3):
        pace.wait()
    assert watch.slept == [0.25, 0.25]


def test_time_that_has_passed_counts() -> None:
    """Who was busy for long enough waits no more, and saves nothing up either."""
    watch = Watch()
    pace = Pace(4, watch, watch.sleep)
    pace.wait()
    watch.seconds += 10
    pace.wait()
    pace.wait()
    assert watch.slept == [0.25]
