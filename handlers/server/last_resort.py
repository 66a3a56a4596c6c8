"""The end of the process comes in time, whatever hangs: a disk, a lock, a file that nobody writes."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

LONGEST_END_SECONDS = 13.0
"""From the signal on. With the two seconds in which the log may be written, the process ends within 15."""

REST_SECONDS = 1.0
"""For what still runs when all is answered and closed."""

_log = structlog.get_logger()


class LastResort:
    """Ends a process that was told to end, or is done, and does not end by itself."""

    def __init__(self, drain: Callable[[], None], leave: Callable[[int], object] = os._exit) -> None:
        """`drain` writes the log; `leave` ends the process at once, with an exit status."""
        self._drain = drain
        self._leave = leave
        self._told = False
        self._timers: list[threading.Timer] = []

    def told_to_end(self) -> None:
        """From the first time on the process has `LONGEST_END_SECONDS`; its exit status is 0 then."""
        if not self._told:
            self._told = True
            self._leave_after(LONGEST_END_SECONDS)

    def done(self) -> None:
        """What was under way is answered, what was open is closed: the process has `REST_SECONDS`."""
        self._leave_after(REST_SECONDS)

    def _leave_after(self, seconds: float) -> None:
        timer = threading.Timer(seconds, self._cut_off)
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    def _cut_off(self) -> None:
        _log.error("server.cut_off", threads=_waited_for())
        self._drain()
        self._leave(0 if self._told else 1)

    def is_not_needed(self) -> None:
        """The process ends by itself."""
        for timer in self._timers:
            timer.cancel()


@contextmanager
def last_resort(drain: Callable[[], None]) -> Iterator[LastResort]:
    """Within it the process can be told that it has to end."""
    resort = LastResort(drain)
    try:
        yield resort
    finally:
        resort.is_not_needed()


def _waited_for() -> list[str]:
    """The threads that the end of a process waits for."""
    return [thread.name for thread in threading.enumerate() if not thread.daemon]
