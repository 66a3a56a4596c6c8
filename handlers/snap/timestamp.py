"""X-TIMESTAMP: `YYYY-MM-DDTHH:MM:SS[.fraction]` with `Z` or an offset (ASPI; ISO 8601), and its window."""

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from handlers.snap.codes import unauthorized

_JAKARTA_OFFSET = timedelta(hours=7)
JAKARTA = timezone(_JAKARTA_OFFSET, "WIB")

_HALF_HOUR = timedelta(minutes=30)
_FIRST_ZONE, _LAST_ZONE = timedelta(hours=-12), timedelta(hours=14)
"""The offsets that are in use: from UTC-12:00 to UTC+14:00. Jakarta time shifted twice looks like UTC+14:00."""


@lru_cache(maxsize=16)  # One request parses its timestamp several times.
def parse(text: str) -> datetime:
    """Return the instant of a timestamp that fits the document's pattern. It is cut to whole microseconds.

    Raises:
        ValueError: The text is not a timestamp with an offset.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        message = "the timestamp has no offset"
        raise ValueError(message)
    return instant


def render(instant: datetime) -> str:
    """Format for X-TIMESTAMP: 25 characters, whole seconds, Jakarta time, such as `2024-01-22T15:00:01+07:00`."""
    return instant.astimezone(JAKARTA).isoformat(timespec="seconds")


def utc(instant: datetime) -> str:
    """Format for the log, in UTC, such as `2024-01-22T08:00:01Z`."""
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def skew(text: str, now: datetime) -> timedelta:
    """Return the clock skew: how far the client's clock is ahead of ours. It is negative if the clock is behind.

    Raises:
        ValueError: The text is not a timestamp.
    """
    return parse(text) - now


def mislabelled_zone(text: str, now: datetime, tolerance: timedelta) -> timezone | None:
    """Return the zone whose local time the timestamp shows, if its offset is that of another zone.

    The clock is right then: only the offset is wrong, by a number of half hours. Return None if no zone fits.

    Raises:
        ValueError: The text is not a timestamp.
    """
    clock_skew = skew(text, now)
    shift = round(clock_skew / _HALF_HOUR) * _HALF_HOUR
    zone = (parse(text).utcoffset() or timedelta()) + shift
    fits = shift and abs(clock_skew - shift) <= tolerance and _FIRST_ZONE <= zone <= _LAST_ZONE
    return timezone(zone) if fits else None


def label(text: str) -> str:
    """Return the offset of a timestamp as it is written: `Z`, or for example `+07:00`."""
    return "Z" if text.endswith("Z") else text[-len("+07:00") :]


def require_in_window(text: str, now: datetime, tolerance: timedelta) -> None:
    """Check the timestamp against our clock. No public source states a tolerance, so the settings give one.

    Raises:
        SnapError: 401 00, naming X-TIMESTAMP, if the timestamp is more than `tolerance` before or after `now`.
        ValueError: The text is not a timestamp.
    """
    clock_skew = skew(text, now)
    if abs(clock_skew) <= tolerance:
        return
    if text.endswith("+07:00") and abs(clock_skew + _JAKARTA_OFFSET) <= tolerance:
        # Two official NICEPAY clients print the local time of a UTC host with a literal +07:00.
        cause = "local time of a UTC host labelled +07:00"
        raise unauthorized(field="X-TIMESTAMP", reason="clock.local_time_labelled_jakarta", cause=cause)
    zone = mislabelled_zone(text, now, tolerance)
    if zone:
        cause = f"local time of {zone} labelled {label(text)}"
        raise unauthorized(field="X-TIMESTAMP", reason="clock.wrong_zone_label", cause=cause)
    raise unauthorized(field="X-TIMESTAMP", reason="clock.behind" if clock_skew < timedelta() else "clock.ahead")
