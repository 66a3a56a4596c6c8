"""The check of X-TIMESTAMP against the clock."""

from datetime import datetime, timedelta

from handlers.doctor.verdicts import Evidence, Finding, Verdict
from handlers.snap.codes import SnapError
from handlers.snap.timestamp import render, require_in_window, skew


def findings(timestamp: str, now: datetime, tolerance: timedelta) -> list[Finding]:
    """Return how far a timestamp is outside the time window. A malformed timestamp has no finding here."""
    try:
        require_in_window(timestamp, now, tolerance)
    except SnapError as error:
        seconds = abs(round(skew(timestamp, now).total_seconds()))
        allowed = round(tolerance.total_seconds())
        evidence: Evidence = {"seconds": seconds, "allowed": allowed, "judged_at": render(now)}
        return [Finding(Verdict(error.reason), evidence)]
    except ValueError:
        return []
    return []
