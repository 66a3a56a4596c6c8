"""Detects jumps of this machine's clock: an NTP step, a resumed machine, or a new date set by a person."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime

import structlog

from handlers.state.background import running

CHECK_SECONDS = 0.5
"""Time between two comparisons with the monotonic clock, which never jumps."""

JUMP_SECONDS = 1.0
"""Minimum size of a jump between two checks. NTP slewing (0.5 ms per second) is far smaller."""

_log = structlog.get_logger()


class ClockJumpDetector:
    """Compares the clock that requests are checked against with the monotonic clock."""

    def __init__(self, now: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._monotonic = monotonic
        self._offset = self._measure()

    def _measure(self) -> float:
        """The difference between the clocks in seconds. It is measured again if the process paused during it."""
        while True:
            before, wall, after = self._monotonic(), self._now().timestamp(), self._monotonic()
            if after - before < JUMP_SECONDS / 2:
                return wall - before

    def check(self) -> None:
        """Log a jump since the last check."""
        before, self._offset = self._offset, self._measure()
        seconds = self._offset - before
        if abs(seconds) >= JUMP_SECONDS:
            _log.warning("clock.jumped", seconds=round(seconds, 3))


def watch_clock(now: Callable[[], datetime]) -> AbstractAsyncContextManager[None]:
    """While the block runs, log each jump within a second."""
    return running(lambda: _watch(ClockJumpDetector(now)))


async def _watch(detector: ClockJumpDetector) -> None:
    while True:
        await asyncio.sleep(CHECK_SECONDS)
        detector.check()
