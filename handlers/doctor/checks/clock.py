"""X-TIMESTAMP against the clock."""

from datetime import datetime, timedelta

from handlers.doctor.verdicts import Finding, Verdict
from handlers.snap.codes import SnapError
from handlers.snap.timestamp import render, require_in_window, skew


def findings(timestamp: str, now: datetime, tolerance: timedelta) -> list[Finding]:
    """Whether it is outside the window, and by how much; nothing for a text that is no timestamp."""
    try:
        require_in_window(timestamp, now, tolerance)
    except SnapError as error:
        seconds = abs(round(skew(timestamp, now).total_seconds()))
        allowed = round(tolerance.total_seconds())
        return [Finding(Verdict(error.reason), {"seconds": seconds, "allowed": allowed, "judged_at": render(now)})]
    except ValueError:
        return []
    return []
