"""Other texts that a client may have signed instead of its X-TIMESTAMP."""

import pytest

from handlers.doctor.candidates import timestamps


@pytest.mark.parametrize("text", ["2026-01-22T12:00:01+07:00", "2026-01-22T05:00:01Z", "2026-01-22T05:00:01.250Z"])
def test_the_timestamp_itself_is_no_alternative(text: str) -> None:
    """There are more than a thousand alternatives, and none is the timestamp itself."""
    others = [other for other, _, _ in timestamps.alternatives(text)]
    assert len(others) > 1_800
    assert text not in others


@pytest.mark.parametrize(
    ("text", "other", "seconds"),
    [
        ("2026-01-22T12:00:01+07:00", "2026-01-22T12:00:04+07:00", 3),
        ("2026-01-22T23:59:59Z", "2026-01-23T00:00:00Z", 1),
        ("2026-01-22T05:00:01.250Z", "2026-01-22T05:00:00.999Z", "-0.251"),
        ("2026-01-22T05:00:01.250Z", "2026-01-22T04:59:59.250Z", -2),
    ],
)
def test_another_second_has_its_distance(text: str, other: str, seconds: int | str) -> None:
    """Another second keeps the format, the offset and the fraction, and its evidence is the distance in seconds."""
    (evidence,) = [evidence for each, _, evidence in timestamps.alternatives(text) if each == other]
    assert evidence == {"seconds": seconds}


@pytest.mark.parametrize(
    "text", ["", "noon", "9999-12-31T23:59:59Z", "1000-01-01T00:00:00+07:00", "20260122T120001+0700"]
)
def test_an_unusual_timestamp_has_only_other_encodings(text: str) -> None:
    """A text that is no timestamp, or a time at the end of the calendar, has only other encodings."""
    assert {evidence["form"] for _, _, evidence in timestamps.alternatives(text)} <= {
        "with quotes",
        "percent-encoded",
        "+ as a space",
        "lowercase",
    }
