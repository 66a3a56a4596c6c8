"""When an engine may delete what has ended, even if the clock of its callers jumps."""

import time
from collections.abc import Callable

from handlers.state.microseconds import SECOND

DAY = 86_400 * SECOND
WEEK = 7 * DAY


def _uptime() -> int:
    """Microseconds since the machine started; sleep counts, and nobody can set it."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000


class Sweeping:
    """Gives the time up to which deleting is safe: the lowest time of the callers' clock within a day of uptime.

    So a clock that runs ahead makes no engine delete anything too early, if it is corrected within a day. At the start
    the clock may already be ahead, by up to `behind`: until the process is a day old, the time is that much earlier.
    """

    def __init__(self, behind: int = WEEK, uptime: Callable[[], int] = _uptime) -> None:
        """`behind` and `uptime` are in microseconds."""
        self._behind = behind
        self._uptime = uptime
        self._began: int | None = None
        self._lowest = self._lowest_before = 0

    def until(self, now: int) -> int:
        """The time, in microseconds since 1970; `now` is the callers' time."""
        uptime = self._uptime()
        offset = now - uptime
        if self._began is None:
            self._began, self._lowest, self._lowest_before = uptime, offset, offset - self._behind
        if uptime - self._began >= DAY:
            self._began, self._lowest, self._lowest_before = uptime, offset, self._lowest
        self._lowest = min(self._lowest, offset)
        return uptime + min(self._lowest, self._lowest_before)
