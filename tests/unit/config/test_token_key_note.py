"""The notes of token keys: the server reads what rotation writes."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from handlers.config.token_key_note import MINTING, PUBLISHED, RETIRED, note_mistake, render_note, since

NOW = datetime(2026, 11, 23, 22, 55, 2, tzinfo=UTC)


def _invalid(status: str) -> str:
    return f"its comment must be only {status!r} and a time, such as: {status} 2026-11-23T22:55:02Z"


@pytest.mark.parametrize("part", [MINTING, PUBLISHED, RETIRED])
def test_a_written_note_is_read(part: str) -> None:
    """A note gives its status and its time in UTC, and no other status."""
    for zone in (UTC, timezone(timedelta(hours=7))):
        note = render_note(part, NOW.astimezone(zone))
        assert note == f"{part} 2026-11-23T22:55:02Z"
        assert [since(note, each) for each in (MINTING, PUBLISHED, RETIRED)].count(NOW) == 1
        assert since(note, part) == NOW


@pytest.mark.parametrize(("microseconds", "second"), [(0, 2), (1, 3), (999_999, 3)])
def test_times_are_rounded_up(microseconds: int, second: int) -> None:
    """The time in a note is never too early."""
    assert since(render_note(RETIRED, NOW.replace(microsecond=microseconds)), RETIRED) == NOW.replace(second=second)


@pytest.mark.parametrize(
    "note",
    [
        "retired 2026-13-23T22:55:02Z",
        "retired 2026-11-23T22:55:02Z, by me",
        "retired 2026-11-23T22:55:02+07:00",
        "retired 2026-11-23 22:55:02Z",
        "retired  2026-11-23T22:55:02Z",
        "Retired 2026-11-23T22:55:02Z",
        "retired yesterday",
        "retired",
        "retired: 2026-11-23T22:55:02Z",
    ],
)
def test_an_invalid_time_is_a_mistake(note: str) -> None:
    """A note that looks like a retirement, but that the server cannot read, is reported."""
    assert since(note, RETIRED) is None
    assert note_mistake(note, is_first=False) == _invalid("retired")


@pytest.mark.parametrize("part", [MINTING, PUBLISHED])
def test_every_status_needs_a_time(part: str) -> None:
    """Notes with the other statuses are also checked, because rotation uses them."""
    assert note_mistake(f"{part} x", is_first=False) == _invalid(part)
    assert note_mistake(render_note(part, NOW), is_first=False) == ""
    assert note_mistake(render_note(part, NOW), is_first=True) == ""


@pytest.mark.parametrize("note", ["", "ours", "old", "of the shop, retired 2026", "retirement home", "minting", "x #"])
def test_any_other_comment_is_allowed(note: str) -> None:
    """A comment that does not begin like a note is allowed."""
    assert note_mistake(note, is_first=False) == note_mistake(note, is_first=True) == ""


def test_the_first_key_cannot_be_retired() -> None:
    """The first key always mints, so a comment that says that it is retired is reported."""
    reported = "it encrypts new tokens, because it is the first; put another key above it, or delete its comment"
    assert note_mistake(render_note(RETIRED, NOW), is_first=True) == reported
    assert note_mistake(render_note(RETIRED, NOW), is_first=False) == ""
