"""Records of the audit trail."""

from datetime import UTC, datetime, timedelta, timezone

from handlers.audit.record import render_time


def test_a_time_is_in_utc_with_six_digits_after_the_second() -> None:
    """Every time has one format, so that times compare as text."""
    jakarta = timezone(timedelta(hours=7))
    assert render_time(datetime(2026, 11, 29, 10, 0, tzinfo=jakarta)) == "2026-11-29T03:00:00.000000Z"
    assert render_time(datetime(2026, 11, 29, 3, 0, 0, 42, tzinfo=UTC)) == "2026-11-29T03:00:00.000042Z"
