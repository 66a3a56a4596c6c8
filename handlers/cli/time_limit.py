"""A time limit for a block of code."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType
from typing import Never

from handlers.cli.errors import UsageError


class _TimeLimitError(BaseException):
    """Not an Exception, so that no `except Exception` in the block catches it."""


def _interrupt(_number: int, _frame: FrameType | None) -> Never:
    raise _TimeLimitError


@contextmanager
def time_limit(seconds: float, message: str) -> Iterator[Callable[[], bool]]:
    """Interrupt the block after this many seconds.

    The block gets a function that returns True in the last fifth of the time. SIGALRM interrupts the block, so the
    limit also holds in a loop, in a regular expression, and in a read from a pipe that has no writer.

    Raises:
        UsageError: the time is over. It has this message.
    """
    start = monotonic()
    previous = signal.signal(signal.SIGALRM, _interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield lambda: monotonic() - start > 0.8 * seconds
    except _TimeLimitError as error:
        raise UsageError(message) from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
