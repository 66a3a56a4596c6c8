"""Times as engines store them: whole microseconds since 1970. They are exact. A float of seconds is not."""

import time
from datetime import UTC, datetime, timedelta

from handlers.state.port import StateDownError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

SECOND = 1_000_000
"""Microseconds."""


def to_microseconds(moment: datetime) -> int:
    """Convert an aware time, with any offset."""
    return (moment - _EPOCH) // _MICROSECOND


_EARLIEST, _LATEST = (to_microseconds(datetime(year, 1, 1, tzinfo=UTC)) for year in (2, 9_999))


def is_time(stored: object) -> bool:
    """Whether a server can have stored this: a number of the years 2 to 9998. So it is a time in every time zone."""
    return isinstance(stored, int) and _EARLIEST <= stored < _LATEST


def from_microseconds(count: int) -> datetime:
    """Convert to an aware time in UTC.

    Raises:
        StateDownError: No server stores such a number.
    """
    if not is_time(count):
        message = "an entry of the state store has an impossible time, so it is damaged, or another program wrote it"
        raise StateDownError(message)
    return _EPOCH + count * _MICROSECOND


def machine_time() -> int:
    """Return the time of the machine's clock, for work whose caller gives no time."""
    return time.time_ns() // 1_000
