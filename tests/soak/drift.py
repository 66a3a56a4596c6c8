"""The clock of a client that drifts out of the time window and back, on both sides."""

from datetime import timedelta

TOLERANCE_SECONDS = 300
"""`clock_tolerance_seconds` of the clients."""
LEEWAY_SECONDS = 15
"""The clock is never nearer to the end of the window, so that the way of a request does not change the answer."""
PEAK_SECONDS = 2 * TOLERANCE_SECONDS
PERIOD_SECONDS = 40.0


def clock_error(passed: float) -> timedelta:
    """How far the clock is ahead after so many seconds. It is right at the start, and moves evenly to and fro."""
    phase = (passed / PERIOD_SECONDS + 0.25) % 1
    error = PEAK_SECONDS * (1 - abs(4 * phase - 2))
    distance = abs(error)
    if TOLERANCE_SECONDS - LEEWAY_SECONDS < distance < TOLERANCE_SECONDS + LEEWAY_SECONDS:
        distance = TOLERANCE_SECONDS + (LEEWAY_SECONDS if distance > TOLERANCE_SECONDS else -LEEWAY_SECONDS)
    return timedelta(seconds=distance if error > 0 else -distance)


def is_outside(error: timedelta) -> bool:
    """Whether requests that are signed with this error are refused."""
    return abs(error) > timedelta(seconds=TOLERANCE_SECONDS)
