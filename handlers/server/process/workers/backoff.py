"""The pause before a worker is started in place of one that ended by itself."""

import time
from collections.abc import Callable

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 30.0
CALM_SECONDS = 60.0
"""After so long without an end, the next pause is the first one again."""


class Backoff:
    """Pauses that double, so that a worker that always fails does not use up the machine."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._seconds = FIRST_SECONDS
        self._last = float("-inf")

    def next(self) -> float:
        """Return the seconds to wait now."""
        before, self._last = self._last, self._monotonic()
        is_calm = self._last - before > CALM_SECONDS + self._seconds
        self._seconds = FIRST_SECONDS if is_calm else min(self._seconds * 2, LONGEST_SECONDS)
        return self._seconds
