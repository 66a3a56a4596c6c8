"""When an engine may delete expired records, even if the clock of its callers jumps."""

import time
from collections.abc import Callable

from handlers.state.microseconds import SECOND

DAY = 86_400 * SECOND
WEEK = 7 * DAY


def _uptime() -> int:
    """Return the microseconds since the machine started, sleep included. Nobody can set this clock."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000


class Sweeping:
    """Computes up to which end of a record deleting is safe: the lowest time of the callers' clock in a day of uptime.

    So a clock that runs ahead makes no engine delete a record too early, if somebody corrects the clock within a day.
    The clock may be ahead already when the process starts. Until the process is a day old, the time is therefore
    earlier by `margin`.
    """

    def __init__(self, margin: int = WEEK, uptime: Callable[[], int] = _uptime) -> None:
        """`margin` and `uptime` are in microseconds."""
        self._margin = margin
        self._uptime = uptime
        self._period_start: int | None = None
        self._lowest = self._lowest_before = 0
        """The lowest difference between the callers' clock and uptime, in this day of uptime and in the day before."""

    def until(self, now: int) -> int:
        """Return the time up to which records may be deleted. Both times are in microseconds since 1970."""
        uptime = self._uptime()
        offset = now - uptime
        if self._period_start is None:
            self._period_start, self._lowest, self._lowest_before = uptime, offset, offset - self._margin
        if uptime - self._period_start >= DAY:
            self._period_start, self._lowest, self._lowest_before = uptime, offset, self._lowest
        self._lowest = min(self._lowest, offset)
        return uptime + min(self._lowest, self._lowest_before)
