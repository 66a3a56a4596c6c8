"""The times of `audit show`."""

from datetime import UTC, datetime

import pytest

from handlers.cli.audit_period import end_of, start_of
from handlers.cli.errors import UsageError


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-01-22", datetime(2026, 1, 21, 17, tzinfo=UTC), datetime(2026, 1, 22, 17, tzinfo=UTC)),
        ("2026-01-22T12:00:05+07:00", *(datetime(2026, 1, 22, 5, 0, second, tzinfo=UTC) for second in (5, 6))),
        ("2026-01-22T05:00:05Z", *(datetime(2026, 1, 22, 5, 0, second, tzinfo=UTC) for second in (5, 6))),
        ("2026-01-22t05:00:05.000z", *(datetime(2026, 1, 22, 5, 0, second, tzinfo=UTC) for second in (5, 6))),
        ("2026-01-22 05:00:05+00:00", *(datetime(2026, 1, 22, 5, 0, second, tzinfo=UTC) for second in (5, 6))),
    ],
)
def test_days_and_times_are_read(text: str, start: datetime, end: datetime) -> None:
    """A day is the day in Jakarta. The last day and the last second belong to the period."""
    assert (start_of(text), end_of(text)) == (start, end)


def test_a_period_may_be_open() -> None:
    """Without an option there is no limit."""
    assert (start_of(None), end_of(None)) == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-02-30",
        "20260122",
        "2026-01-22T12:00:05",
        "2026-01-22T12:00",
        "2026-W01-1",
        "9999-12-31x",
        "٢٠٢٦-01-22",
    ],
)
@pytest.mark.parametrize(("read", "option"), [(start_of, "--from"), (end_of, "--to")])
def test_other_texts_are_refused(text: str, read: object, option: str) -> None:
    """Every other text is a mistake that names its option."""
    assert callable(read)
    with pytest.raises(UsageError, match=f"{option} must be a day in Jakarta such as 2026-01-22, or a time"):
        read(text)


def test_the_last_day_of_the_calendar_has_no_end() -> None:
    """A time that Python cannot express is refused too."""
    with pytest.raises(UsageError, match="--to must be"):
        end_of("9999-12-31")
