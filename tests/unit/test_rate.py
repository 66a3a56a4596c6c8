"""So many times a second."""

from datetime import timedelta

from handlers.server.rate import Rate
from tests.merchant import NOON


def test_each_second_has_its_own_allowance() -> None:
    """What one second has used up is there again in the next."""
    rate = Rate(2)
    assert [rate.allows(NOON) for _ in range(3)] == [True, True, False]
    assert rate.allows(NOON + timedelta(seconds=1))
