"""A deadline that moves with every request, at the cost of one timer for many of them."""

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls back when it has passed. It only moves later, so an older timer can stay: it finds the newer deadline."""

    def __init__(self, loop: asyncio.AbstractEventLoop, passed: Callable[[], None]) -> None:
        self._loop = loop
        self._passed = passed
        self._timer: asyncio.TimerHandle | None = None
        self._due: float | None = None

    def move(self, seconds: float) -> None:
        """Set it to so many seconds from now."""
        self._due = self._loop.time() + seconds
        self._timer = self._timer or self._loop.call_later(seconds, self._look)

    def stop(self) -> None:
        """Have no deadline until it is moved."""
        self._due = None

    def cancel(self) -> None:
        """Have no deadline any more."""
        self.stop()
        if self._timer:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer = None
        if self._due is None:
            return
        left = self._due - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
        else:
            self._passed()
