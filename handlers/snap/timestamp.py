"""X-TIMESTAMP: `YYYY-MM-DDTHH:MM:SS[.fraction]` and `Z` or an offset (ASPI; ISO 8601), and its window."""

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from handlers.snap.codes import unauthorized

_JAKARTA_OFFSET = timedelta(hours=7)
JAKARTA = timezone(_JAKARTA_OFFSET, "WIB")


@lru_cache(maxsize=16)  # One request asks several times.
def parse(text: str) -> datetime:
    """The instant that a text of the contract's pattern names; ValueError for a text that names none.

    A fraction finer than a microsecond is cut off.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        message = "no offset"
        raise ValueError(message)
    return instant


def render(instant: datetime) -> str:
    """25 characters, whole seconds, Jakarta time: `2024-01-22T15:00:01+07:00`."""
    return instant.astimezone(JAKARTA).isoformat(timespec="seconds")


def utc(instant: datetime) -> str:
    """For the log: `2024-01-22T08:00:01Z`."""
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def skew(text: str, now: datetime) -> timedelta:
    """How far the client's clock is ahead of ours; negative when it is behind.

    Raises:
        ValueError: the text is no timestamp.
    """
    return parse(text) - now


def require_in_window(text: str, now: datetime, tolerance: timedelta) -> None:
    """No public source states a tolerance; the settings do.

    Raises:
        SnapError: 401 00, naming X-TIMESTAMP, if the text is more than `tolerance` away from `now` on either side.
    """
    off = skew(text, now)
    if abs(off) <= tolerance:
        return
    if text.endswith("+07:00") and abs(off + _JAKARTA_OFFSET) <= tolerance:
        # Two official NICEPAY clients print the local time of a UTC host with a literal +07:00.
        cause = "local time of a UTC host labelled +07:00"
        raise unauthorized(field="X-TIMESTAMP", reason="clock.local_time_labelled_jakarta", cause=cause)
    raise unauthorized(field="X-TIMESTAMP", reason="clock.behind" if off < timedelta() else "clock.ahead")
