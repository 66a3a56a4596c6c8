"""The notes of token keys: what rotation writes is what the server reads."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from handlers.config.token_key_note import MINTING, PUBLISHED, RETIRED, note_mistake, render_note, since

NOW = datetime(2026, 11, 23, 22, 55, 2, tzinfo=UTC)


def _invalid(status: str) -> str:
    return f"its comment must be only {status!r} and a time, such as: {status} 2026-11-23T22:55:02Z"


@pytest.mark.parametrize("part", [MINTING, PUBLISHED, RETIRED])
def test_what_is_written_is_read(part: str) -> None:
    """A note tells its part and its time, in UTC, and no other part."""
    for zone in (UTC, timezone(timedelta(hours=7))):
        note = render_note(part, NOW.astimezone(zone))
        assert note == f"{part} 2026-11-23T22:55:02Z"
        assert [since(note, each) for each in (MINTING, PUBLISHED, RETIRED)].count(NOW) == 1
        assert since(note, part) == NOW


@pytest.mark.parametrize(("microseconds", "second"), [(0, 2), (1, 3), (999_999, 3)])
def test_a_part_of_a_second_is_no_second(microseconds: int, second: int) -> None:
    """Nothing was so any earlier than the note says."""
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
def test_a_time_that_is_none_is_a_mistake(note: str) -> None:
    """A note that a person reads as a retirement and the server does not is told, not passed over."""
    assert since(note, RETIRED) is None
    assert note_mistake(note, is_first=False) == _invalid("retired")


@pytest.mark.parametrize("part", [MINTING, PUBLISHED])
def test_every_part_needs_its_time(part: str) -> None:
    """The other parts are held to their form, too: rotation goes by them."""
    assert note_mistake(f"{part} x", is_first=False) == _invalid(part)
    assert note_mistake(render_note(part, NOW), is_first=False) == ""
    assert note_mistake(render_note(part, NOW), is_first=True) == ""


@pytest.mark.parametrize("note", ["", "ours", "old", "of the shop, retired 2026", "retirement home", "minting", "x #"])
def test_any_other_comment_is_free(note: str) -> None:
    """What does not begin like a note is nobody's business but its writer's."""
    assert note_mistake(note, is_first=False) == note_mistake(note, is_first=True) == ""


def test_the_key_that_mints_has_not_retired() -> None:
    """The first key mints whatever its comment says, so a comment that says otherwise is told."""
    told = "it encrypts new tokens, because it is the first; put another key above it, or delete its comment"
    assert note_mistake(render_note(RETIRED, NOW), is_first=True) == told
    assert note_mistake(render_note(RETIRED, NOW), is_first=False) == ""
