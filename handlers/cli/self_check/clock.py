"""The clock of this machine against a time source: the `Date` header of a web server (RFC 9110, section 6.6.1)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from handlers.cli.self_check.finding import Finding, error, good, skipped, warning
from handlers.escaping import escaped

ADVISED_DIFFERENCE = timedelta(seconds=5)
"""A larger difference is a warning, because a clock that is synchronised with NTP has none of this size."""

_HALF_A_SECOND = timedelta(seconds=0.5)
"""`Date` has whole seconds, cut off. So its time is half a second too early on average."""

_SYNCHRONISE = "synchronise the clock of this machine with NTP, for example with chrony"


def check_clock(
    client: httpx.Client, source: httpx.URL | None, tolerance: timedelta, now: Callable[[], datetime]
) -> Finding:
    """How far the clock is off. `tolerance` is the smallest clock skew that the settings allow a client."""
    if source is None:
        return skipped("clock.difference", "not compared", "name a web server with --time-source https://...")
    sent = now()
    try:
        with client.stream("HEAD", source, headers={"Cache-Control": "no-cache"}) as response:
            received = now()
    except (httpx.HTTPError, UnicodeError) as cause:
        found = f"no answer from {source.host}: {escaped(str(cause)) or type(cause).__name__}"
        return error("clock.difference", found, "check --time-source, or name another web server")
    date = _date(response)
    if date is None:
        found = f"{source.host} gives no time of its own: its answer has no valid Date, or is from a cache"
        return error("clock.difference", found, "name another web server with --time-source")
    return _judge(sent + (received - sent) / 2 - (date + _HALF_A_SECOND), tolerance, source.host)


def _date(response: httpx.Response) -> datetime | None:
    """The time in the header `Date`. None if it is malformed, or if a cache made the answer older."""
    if "Age" in response.headers:
        return None
    try:
        date = parsedate_to_datetime(response.headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    return date if date.tzinfo else None


def _judge(difference: timedelta, tolerance: timedelta, host: str) -> Finding:
    seconds = abs(difference.total_seconds())
    found = f"the clock is {seconds:.1f} s {'ahead of' if difference > timedelta() else 'behind'} {host}"
    if abs(difference) > tolerance / 2:
        half = f"more than half of a client's tolerance of {tolerance.total_seconds():.0f} s"
        return error("clock.difference", f"{found}, {half}", _SYNCHRONISE)
    if abs(difference) > ADVISED_DIFFERENCE:
        return warning("clock.difference", found, _SYNCHRONISE)
    return good("clock.difference", found)
