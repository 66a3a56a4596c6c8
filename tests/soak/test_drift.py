"""The drifting clock of a client."""

from tests.soak.drift import LEEWAY_SECONDS, PERIOD_SECONDS, TOLERANCE_SECONDS, clock_error, is_outside


def test_the_clock_leaves_the_window_on_both_sides_and_comes_back() -> None:
    """It is right at the start, ahead, right, behind, and right again."""
    quarters = [clock_error(PERIOD_SECONDS * quarter / 4) for quarter in range(5)]
    assert [error.total_seconds() for error in quarters] == [0, 600, 0, -600, 0]
    assert [is_outside(error) for error in quarters] == [False, True, False, True, False]


def test_the_clock_is_never_near_the_end_of_the_window() -> None:
    """So a slow machine answers as a fast one."""
    errors = [abs(clock_error(PERIOD_SECONDS * step / 200).total_seconds()) for step in range(200)]
    assert min(abs(error - TOLERANCE_SECONDS) for error in errors) == LEEWAY_SECONDS
