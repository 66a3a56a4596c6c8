"""A limit for the time that a command takes, whatever its input is."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType
from typing import Never

from handlers.cli.errors import UsageError


class _OutOfTimeError(BaseException):
    """Not an Exception, so that no `except Exception` on the way catches it."""


def _end(_number: int, _frame: FrameType | None) -> Never:
    raise _OutOfTimeError


@contextmanager
def at_most(seconds: float, message: str) -> Iterator[Callable[[], bool]]:
    """Interrupt the block after so many seconds. The block gets a function that returns True in the last fifth of them.

    The signal SIGALRM interrupts a loop, a regular expression, and the reading of a file that nobody writes.

    Raises:
        MisuseError: with this message, if the block did not end by itself.
    """
    start = monotonic()
    before = signal.signal(signal.SIGALRM, _end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield lambda: monotonic() - start > 0.8 * seconds
    except _OutOfTimeError as error:
        raise UsageError(message) from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
