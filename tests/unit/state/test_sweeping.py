"""When an engine may delete expired records."""

from handlers.state.sweeping import DAY, WEEK, Sweeping
from tests.engines import Uptime

NOON = 1_700_000_000_000_000


def test_it_follows_the_clock() -> None:
    """A clock that runs as fast as the machine is followed, whatever time it shows."""
    uptime = Uptime(5)
    sweeping = Sweeping(0, uptime)
    for seconds in (0, 60, 2 * 86_400):
        uptime.microseconds = 5 + seconds * 1_000_000
        assert sweeping.until(NOON + seconds * 1_000_000) == NOON + seconds * 1_000_000


def test_a_jump_ahead_is_not_followed() -> None:
    """A clock that jumps ahead is followed only after one to two days."""
    uptime = Uptime()
    sweeping = Sweeping(0, uptime)
    assert sweeping.until(NOON) == NOON
    uptime.microseconds = DAY - 1
    assert sweeping.until(NOON + 900 * DAY) == NOON + DAY - 1
    uptime.microseconds = DAY
    assert sweeping.until(NOON + 900 * DAY) == NOON + DAY
    uptime.microseconds = 2 * DAY
    assert sweeping.until(NOON + 901 * DAY) == NOON + 901 * DAY


def test_a_jump_back_is_followed() -> None:
    """A clock that jumps back is followed at once. Its jump forward again is not."""
    uptime = Uptime()
    sweeping = Sweeping(0, uptime)
    sweeping.until(NOON)
    assert sweeping.until(NOON - DAY) == NOON - DAY
    assert sweeping.until(NOON) == NOON - DAY


def test_it_starts_with_a_margin() -> None:
    """In its first day a process deletes a week later, because the clock may already be ahead."""
    uptime = Uptime()
    sweeping = Sweeping(uptime=uptime)
    assert sweeping.until(NOON) == NOON - WEEK
    uptime.microseconds = DAY
    assert sweeping.until(NOON + DAY) == NOON + DAY


def test_the_default_uptime_is_the_machine_s() -> None:
    """The default is the machine's own uptime, which grows."""
    sweeping = Sweeping(0)
    first = sweeping.until(NOON)
    assert first <= sweeping.until(NOON + DAY) < NOON + DAY
