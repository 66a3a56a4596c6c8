"""Times as whole microseconds."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis.strategies import datetimes, timezones

from handlers.state.microseconds import from_microseconds, to_microseconds
from handlers.state.port import StateDownError
from tests.engines import NOON


def test_they_count_from_1970() -> None:
    """Noon in Jakarta is 05:00 UTC."""
    assert to_microseconds(NOON) == 1_705_899_600_123_457
    assert from_microseconds(1_705_899_600_123_457) == datetime(2024, 1, 22, 5, 0, 0, 123_457, UTC)


@given(datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=timezones()))  # noqa: DTZ001  hypothesis adds the zone
def test_nothing_is_rounded(moment: datetime) -> None:
    """Every time survives the conversion there and back, and comes back in UTC."""
    back = from_microseconds(to_microseconds(moment))
    assert back == moment.astimezone(UTC)
    assert back.tzinfo is UTC


@pytest.mark.parametrize("count", [0, -1, 1, 253_370_764_799_999_999])
def test_every_count_comes_back(count: int) -> None:
    """Every count survives the conversion there and back."""
    assert to_microseconds(from_microseconds(count)) == count
    assert from_microseconds(count) - from_microseconds(count - 1) == timedelta(microseconds=1)


@pytest.mark.parametrize("count", [2**63 - 1, -(2**63), 253_370_764_800_000_000, -62_104_060_800_000_001, "1", None])
def test_an_impossible_time_is_refused(count: int) -> None:
    """What no server stores raises an error that an engine can raise, not OverflowError."""
    with pytest.raises(StateDownError, match="impossible time"):
        from_microseconds(count)
