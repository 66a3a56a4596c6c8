"""How fast the judge sends requests."""

from dataclasses import dataclass, field

from handlers.judge.throttle import Throttle


@dataclass
class Watch:
    """A clock that advances only during a sleep."""

    seconds: float = 100.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


def test_requests_are_spread_evenly() -> None:
    """At four requests a second, the first one goes at once, and each next one a quarter of a second later."""
    watch = Watch()
    throttle = Throttle(4, watch, watch.sleep)
    for _ in range(3):
        throttle.wait()
    assert watch.slept == [0.25, 0.25]


def test_time_that_has_passed_is_not_waited_for_again() -> None:
    """After a long pause the next request goes at once, and the one after it waits as usual."""
    watch = Watch()
    throttle = Throttle(4, watch, watch.sleep)
    throttle.wait()
    watch.seconds += 10
    throttle.wait()
    throttle.wait()
    assert watch.slept == [0.25]
