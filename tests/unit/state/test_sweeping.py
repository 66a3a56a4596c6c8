"""When an engine may delete what is over."""

from handlers.state.sweeping import DAY, WEEK, Sweeping
from tests.engines import Uptime

NOON = 1_700_000_000_000_000


def test_it_follows_the_clock() -> None:
    """A clock that goes as the machine does is followed, whatever it says."""
    uptime = Uptime(5)
    sweeping = Sweeping(0, uptime)
    for seconds in (0, 60, 2 * 86_400):
        uptime.microseconds = 5 + seconds * 1_000_000
        assert sweeping.until(NOON + seconds * 1_000_000) == NOON + seconds * 1_000_000


def test_a_jump_ahead_is_not_followed() -> None:
    """A clock that runs ahead is not followed until it has done so for a day, and at the latest after two."""
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
    """A clock that goes back is followed at once, and its coming forward again is not."""
    uptime = Uptime()
    sweeping = Sweeping(0, uptime)
    sweeping.until(NOON)
    assert sweeping.until(NOON - DAY) == NOON - DAY
    assert sweeping.until(NOON) == NOON - DAY


def test_it_starts_behind() -> None:
    """In its first day a process sweeps a week late, since the clock may be ahead already."""
    uptime = Uptime()
    sweeping = Sweeping(uptime=uptime)
    assert sweeping.until(NOON) == NOON - WEEK
    uptime.microseconds = DAY
    assert sweeping.until(NOON + DAY) == NOON + DAY


def test_the_uptime_is_the_machines() -> None:
    """Without another one it is the machine's own, which goes on."""
    sweeping = Sweeping(0)
    first = sweeping.until(NOON)
    assert first <= sweeping.until(NOON + DAY) < NOON + DAY
