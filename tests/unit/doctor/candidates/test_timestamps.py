"""What a client may have signed in place of its X-TIMESTAMP."""

import pytest

from handlers.doctor.candidates import timestamps


@pytest.mark.parametrize("text", ["2026-01-22T12:00:01+07:00", "2026-01-22T05:00:01Z", "2026-01-22T05:00:01.250Z"])
def test_no_text_is_the_one_that_was_sent(text: str) -> None:
    """Hundreds of others, and never the very text."""
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
def test_another_second_is_told_by_its_distance(text: str, other: str, seconds: int | str) -> None:
    """In the text's own form, its offset and fraction kept."""
    (facts,) = [facts for each, _, facts in timestamps.alternatives(text) if each == other]
    assert facts == {"seconds": seconds}


@pytest.mark.parametrize(
    "text", ["", "noon", "9999-12-31T23:59:59Z", "1000-01-01T00:00:00+07:00", "20260122T120001+0700"]
)
def test_what_is_no_usual_time_has_spellings_alone(text: str) -> None:
    """Nothing fails at the ends of the calendar, nor for what is no time."""
    assert {facts["form"] for _, _, facts in timestamps.alternatives(text)} <= {
        "with quotes",
        "percent-encoded",
        "+ as a space",
    }
