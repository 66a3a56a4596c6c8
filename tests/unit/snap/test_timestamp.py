"""X-TIMESTAMP and its window."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis.strategies import datetimes, from_regex, integers, just
from pydantic import AwareDatetime, TypeAdapter

from handlers.snap import timestamp
from handlers.snap.codes import SnapError
from tests.document import DOCUMENT

ORACLE = TypeAdapter(AwareDatetime)
NOW = datetime(2026, 1, 22, 5, 0, 0, tzinfo=UTC)
TOLERANCE = timedelta(seconds=300)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-22T12:00:00+07:00",
        "2026-01-22T05:00:00Z",
        "2026-01-22T05:00:00.000Z",
        "2026-01-22T05:00:00-00:00",
        "2026-01-21T05:01:00.0000009-23:59",
    ],
)
def test_every_spelling_of_an_instant_is_that_instant(text: str) -> None:
    """Offsets, Z and fractions are parsed, and cut to whole microseconds."""
    assert timestamp.parse(text) == NOW


@given(from_regex(DOCUMENT["components"]["schemas"]["Timestamp"]["pattern"], fullmatch=True))
def test_an_independent_parser_reads_the_same_instant(text: str) -> None:
    """Another parser reads the same instant from every timestamp that the document allows."""
    assert abs(timestamp.parse(text) - ORACLE.validate_strings(text)) < timedelta(microseconds=2)


@given(datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30), timezones=just(UTC)))  # noqa: DTZ001  the zone is beside it
def test_what_we_render_we_read_back(instant: datetime) -> None:
    """Our own timestamps fit the document, and parse to the same second."""
    rendered = timestamp.render(instant)
    assert len(rendered) == 25
    assert timestamp.parse(rendered) == instant.replace(microsecond=0)


@given(datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=just(UTC)), integers(-90_000, 90_000))  # noqa: DTZ001  the same
def test_the_window_is_as_wide_as_the_tolerance(now: datetime, seconds: int) -> None:
    """A timestamp is inside the window exactly if it is at most the tolerance away, on any day."""
    text = (now + timedelta(seconds=seconds)).isoformat()
    if abs(seconds) <= TOLERANCE.total_seconds():
        timestamp.require_in_window(text, now, TOLERANCE)
    else:
        with pytest.raises(SnapError):
            timestamp.require_in_window(text, now, TOLERANCE)


@pytest.mark.parametrize("text", ["2026-01-22T12:00:00", "yesterday", ""])
def test_a_text_without_an_instant_is_an_error(text: str) -> None:
    """A text that is not a timestamp, or has no offset, raises ValueError."""
    with pytest.raises(ValueError, match=r"has no offset$|isoformat"):
        timestamp.parse(text)


def test_our_own_time_is_in_jakarta_time() -> None:
    """The server's time has 25 characters, whole seconds and +07:00."""
    assert timestamp.render(NOW.replace(microsecond=999_999)) == "2026-01-22T12:00:00+07:00"


@pytest.mark.parametrize("seconds", [-300, -299.5, 0, 300])
def test_the_window_includes_its_edges(seconds: float) -> None:
    """A timestamp that is exactly the tolerance away is inside the window."""
    text = (NOW + timedelta(seconds=seconds)).isoformat()
    timestamp.require_in_window(text, NOW, TOLERANCE)
    assert timestamp.skew(text, NOW).total_seconds() == seconds


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-01-22T11:54:59+07:00", "clock.behind"),
        ("2026-01-22T12:05:00.000001+07:00", "clock.ahead"),
        ("1970-01-01T00:00:00Z", "clock.behind"),
        ("9999-12-31T23:59:59-23:59", "clock.ahead"),
        ("1000-01-01T00:00:00+23:59", "clock.behind"),
        ("2026-01-22T05:00:00+07:00", "clock.local_time_labelled_jakarta"),
        ("2026-01-22T05:04:59+07:00", "clock.local_time_labelled_jakarta"),
        ("2026-01-22T04:55:00+07:00", "clock.local_time_labelled_jakarta"),
        ("2026-01-22T05:05:01+07:00", "clock.behind"),
        ("2026-01-22T04:54:59+07:00", "clock.behind"),
        ("2026-01-21T05:00:00Z", "clock.behind"),
        ("2026-01-23T12:00:00+07:00", "clock.ahead"),
        ("2026-01-21T16:30:00+07:00", "clock.behind"),
        ("2026-01-22T12:35:01+07:00", "clock.ahead"),
    ],
)
def test_outside_the_window_the_reason_says_which_way(text: str, reason: str) -> None:
    """The refusal names X-TIMESTAMP. The reasons distinguish slow, fast and mislabelled clocks."""
    with pytest.raises(SnapError) as refusal:
        timestamp.require_in_window(text, NOW, TOLERANCE)
    assert refusal.value.message == "Unauthorized. X-TIMESTAMP"
    assert refusal.value.reason == reason
    mislabelled = reason == "clock.local_time_labelled_jakarta"
    assert refusal.value.log_fields.get("cause") == (
        "local time of a UTC host labelled +07:00" if mislabelled else None
    )


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("2026-01-22T12:00:00Z", "UTC+07:00 labelled Z"),
        ("2026-01-22T12:04:59.5+00:00", "UTC+07:00 labelled +00:00"),
        ("2026-01-22T13:00:00+07:00", "UTC+08:00 labelled +07:00"),
        ("2026-01-22T14:00:00+07:00", "UTC+09:00 labelled +07:00"),
        ("2026-01-22T19:00:00+07:00", "UTC+14:00 labelled +07:00"),
        ("2026-01-21T22:00:00+07:00", "UTC-07:00 labelled +07:00"),
        ("2026-01-21T22:00:00Z", "UTC-07:00 labelled Z"),
        ("2026-01-22T05:00:00+08:00", "UTC labelled +08:00"),
        ("2026-01-22T12:00:00-07:00", "UTC+07:00 labelled -07:00"),
        ("2026-01-22T10:25:00+07:00", "UTC+05:30 labelled +07:00"),
        ("2026-01-21T17:00:00+07:00", "UTC-12:00 labelled +07:00"),
    ],
)
def test_the_right_time_with_a_wrong_offset_is_named(text: str, zone: str) -> None:
    """A timestamp that is off by whole half hours, as between two zones, has the right time and a wrong offset."""
    with pytest.raises(SnapError) as refusal:
        timestamp.require_in_window(text, NOW, TOLERANCE)
    assert (refusal.value.reason, refusal.value.message) == ("clock.wrong_zone_label", "Unauthorized. X-TIMESTAMP")
    assert refusal.value.log_fields["cause"] == f"local time of {zone}"
