"""So many times a second."""

from datetime import timedelta

from handlers.server.observability.rate_limit import RateLimit
from tests.merchant import NOON


def test_each_second_has_its_own_allowance() -> None:
    """What one second has used up is there again in the next."""
    rate = RateLimit(2)
    assert [rate.allows(NOON) for _ in range(3)] == [True, True, False]
    assert rate.allows(NOON + timedelta(seconds=1))


def test_what_was_not_needed_is_there_again() -> None:
    """What is given back can be had once more in its second, and adds nothing to another."""
    rate = RateLimit(2)
    assert [rate.allows(NOON) for _ in range(4)] == [True, True, False, False]
    rate.give_back(NOON)
    rate.give_back(NOON - timedelta(seconds=1))
    assert [rate.allows(NOON) for _ in range(2)] == [True, False]
