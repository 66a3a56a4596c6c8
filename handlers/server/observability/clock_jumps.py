"""Whether this machine's clock jumps: a step of NTP, a machine that wakes up, a date that somebody sets."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime

import structlog

from handlers.state.background import running

LOOK_SECONDS = 0.5
"""How often the clock is compared with the monotonic one, which never jumps."""

JUMP_SECONDS = 1.0
"""How far the clock must move between two looks. NTP slews by half a millisecond a second: that is no jump."""

_log = structlog.get_logger()


class WallClock:
    """Compares the clock that requests are judged by with the monotonic one."""

    def __init__(self, now: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._monotonic = monotonic
        self._offset = self._measured()

    def _measured(self) -> float:
        """Read between two looks at the monotonic clock: a process that was stopped between them reads again."""
        while True:
            before, wall, after = self._monotonic(), self._now().timestamp(), self._monotonic()
            if after - before < JUMP_SECONDS / 2:
                return wall - before

    def look(self) -> None:
        """Log a jump since the last look."""
        before, self._offset = self._offset, self._measured()
        seconds = self._offset - before
        if abs(seconds) >= JUMP_SECONDS:
            _log.warning("clock.jumped", seconds=round(seconds, 3))


def watch_clock(now: Callable[[], datetime]) -> AbstractAsyncContextManager[None]:
    """While the block runs, a jump is logged within a second."""
    return running(lambda: _watch(WallClock(now)))


async def _watch(clock: WallClock) -> None:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        clock.look()
