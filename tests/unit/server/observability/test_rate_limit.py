"""A limit per second."""

from datetime import timedelta

from handlers.server.observability.rate_limit import RateLimit
from tests.merchant import NOON


def test_each_second_has_its_own_allowance() -> None:
    """Each second has its own limit."""
    rate = RateLimit(2)
    assert [rate.allows(NOON) for _ in range(3)] == [True, True, False]
    assert rate.allows(NOON + timedelta(seconds=1))


def test_an_unneeded_allowance_is_returned() -> None:
    """A returned allowance is available again in its own second only."""
    rate = RateLimit(2)
    assert [rate.allows(NOON) for _ in range(4)] == [True, True, False, False]
    rate.give_back(NOON)
    rate.give_back(NOON - timedelta(seconds=1))
    assert [rate.allows(NOON) for _ in range(2)] == [True, False]
