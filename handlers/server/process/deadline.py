"""A deadline that every request moves. Many moves share one timer, because timers cost CPU time."""

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls `passed` when the deadline passes.

    The deadline only moves later, so a running timer can stay. If it fires too early, it starts again.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, passed: Callable[[], None]) -> None:
        self._loop = loop
        self._passed = passed
        self._timer: asyncio.TimerHandle | None = None
        self._due: float | None = None

    def move(self, seconds: float) -> None:
        """Set the deadline to this number of seconds from now."""
        self._due = self._loop.time() + seconds
        self._timer = self._timer or self._loop.call_later(seconds, self._check)

    def stop(self) -> None:
        """Remove the deadline until the next `move`."""
        self._due = None

    def cancel(self) -> None:
        """Remove the deadline and stop the timer for good."""
        self.stop()
        if self._timer:
            self._timer.cancel()

    def _check(self) -> None:
        self._timer = None
        if self._due is None:
            return
        left = self._due - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._check)
        else:
            self._passed()
