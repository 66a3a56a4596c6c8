"""The check of X-TIMESTAMP against the clock."""

from datetime import datetime, timedelta

from handlers.doctor.verdicts import Evidence, Finding, Verdict
from handlers.snap.codes import SnapError
from handlers.snap.timestamp import label, mislabelled_zone, parse, render, require_in_window, skew

_HALF_HOUR, _DAY = timedelta(minutes=30), timedelta(days=1)


def findings(timestamp: str, now: datetime, tolerance: timedelta) -> list[Finding]:
    """Return how far a timestamp is outside the time window. A malformed timestamp has no finding here."""
    try:
        require_in_window(timestamp, now, tolerance)
    except SnapError as error:
        return [_with_cause(Verdict(error.reason), timestamp, now, tolerance)]
    except ValueError:
        return []
    return []


def _with_cause(reason: Verdict, timestamp: str, now: datetime, tolerance: timedelta) -> Finding:
    """Name the cause, if it is another one than a wrong clock. `reason` is the reason that the server gives."""
    distance = _distance(timestamp, now, tolerance)
    for verdict, cause in (
        (Verdict.CLOCK_MONTH_AS_MINUTES, _month_as_minutes(timestamp, now)),
        (reason, _zone(timestamp, now, tolerance)),
        (Verdict.CLOCK_WRONG_DATE, _wrong_days(timestamp, now, tolerance)),
    ):
        if cause:
            return Finding(verdict, {**distance, **cause})
    return Finding(reason, distance)


def _distance(timestamp: str, now: datetime, tolerance: timedelta) -> Evidence:
    seconds, allowed = abs(round(skew(timestamp, now).total_seconds())), round(tolerance.total_seconds())
    return {"seconds": seconds, "allowed": allowed, "judged_at": render(now)}


def _month_as_minutes(timestamp: str, now: datetime) -> Evidence:
    """Return the month, if it stands in the place of the minutes, and the date and the hour are right."""
    sent = parse(timestamp)
    is_this_hour = f"{sent:%Y%m%d%H}" == f"{now.astimezone(sent.tzinfo):%Y%m%d%H}"
    return {"month": f"{sent:%m}"} if is_this_hour and sent.minute == sent.month else {}


def _wrong_days(timestamp: str, now: datetime, tolerance: timedelta) -> Evidence:
    """Return by how many whole days the date is wrong, if the time of day is right."""
    clock_skew = skew(timestamp, now)
    days = round(clock_skew / _DAY)
    return {"days": f"{days:+d}"} if days and abs(clock_skew - days * _DAY) <= tolerance else {}


def _zone(timestamp: str, now: datetime, tolerance: timedelta) -> Evidence:
    zone = mislabelled_zone(timestamp, now, tolerance)
    if zone is None:
        return {}
    hours = round(skew(timestamp, now) / _HALF_HOUR) / 2
    return {"hours": f"{hours:+g}", "zone": str(zone), "label": label(timestamp)}
