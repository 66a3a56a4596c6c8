"""How fast the judge asks: a few requests a second, evenly, so that nobody's limits or alarms are touched."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Pace:
    """At most so many requests a second. `clock` and `sleep` count in seconds."""

    per_second: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: float = field(default=0.0, init=False)

    def wait(self) -> None:
        """Return when the next request may be sent."""
        early = self._next - self.clock()
        if early > 0:
            self.sleep(early)
        self._next = self.clock() + 1 / self.per_second
