"""The check of X-TIMESTAMP against the clock."""

from datetime import datetime, timedelta

from handlers.doctor.verdicts import Evidence, Finding, Verdict
from handlers.snap.codes import SnapError
from handlers.snap.timestamp import label, mislabelled_zone, render, require_in_window, skew

_HALF_HOUR, _DAY = timedelta(minutes=30), timedelta(days=1)


def findings(timestamp: str, now: datetime, tolerance: timedelta) -> list[Finding]:
    """Return how far a timestamp is outside the time window. A malformed timestamp has no finding here."""
    try:
        require_in_window(timestamp, now, tolerance)
    except SnapError as error:
        evidence, zone = _distance(timestamp, now, tolerance), _zone(timestamp, now, tolerance)
        days = {} if zone else _wrong_days(timestamp, now, tolerance)
        verdict = Verdict.CLOCK_WRONG_DATE if days else Verdict(error.reason)
        return [Finding(verdict, {**evidence, **zone, **days})]
    except ValueError:
        return []
    return []


def _distance(timestamp: str, now: datetime, tolerance: timedelta) -> Evidence:
    seconds, allowed = abs(round(skew(timestamp, now).total_seconds())), round(tolerance.total_seconds())
    return {"seconds": seconds, "allowed": allowed, "judged_at": render(now)}


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
