"""Times as engines keep them: whole microseconds since 1970, exact, where a float of seconds is not."""

import time
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

SECOND = 1_000_000


def to_microseconds(moment: datetime) -> int:
    """Of an aware time, whatever its offset."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(count: int) -> datetime:
    """Aware, UTC."""
    return _EPOCH + count * _MICROSECOND


def machine_time() -> int:
    """The time of the machine's clock, for work whose caller gives no time."""
    return time.time_ns() // 1_000
