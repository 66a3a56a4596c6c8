"""Times as engines store them: whole microseconds since 1970. They are exact. A float of seconds is not."""

import time
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

SECOND = 1_000_000
"""Microseconds."""


def to_microseconds(moment: datetime) -> int:
    """Convert an aware time, with any offset."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(count: int) -> datetime:
    """Convert to an aware time in UTC."""
    return _EPOCH + count * _MICROSECOND


def machine_time() -> int:
    """Return the time of the machine's clock, for work whose caller gives no time."""
    return time.time_ns() // 1_000
