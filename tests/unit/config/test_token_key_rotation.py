"""Rotation of the token keys: published, minting, retired, gone."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from handlers.config.token_key_file import KeyLine, TokenKeyFile
from handlers.config.token_key_note import MINTING, PUBLISHED, RETIRED
from handlers.config.token_key_rotation import TooEarlyError, replaced, rotated, statuses
from handlers.snap.token import TokenKeys

NOW = datetime(2026, 11, 23, 22, 55, 2, tzinfo=UTC)
LIFETIME = timedelta(seconds=900)
FIRST, SECOND, THIRD, FRESH = (Fernet.generate_key() for _ in range(4))


def _ago(seconds: float) -> str:
    return f"{(NOW - timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()}Z"


def test_a_new_key_is_published_first() -> None:
    """The first step puts a fresh key after the one that mints, which goes on minting."""
    rotation = rotated([KeyLine(FIRST, "ours")], FRESH, NOW, LIFETIME)
    new = KeyLine(FRESH, f"published {_ago(0)}")
    assert rotation.lines == (KeyLine(FIRST, "ours"), new)
    assert (rotation.published, rotation.minting, rotation.retired, rotation.dropped) == (new, None, None, ())


def test_a_published_key_mints_next() -> None:
    """The second step puts the published key first, and the one that minted after it, to open what it minted."""
    rotation = rotated([KeyLine(FIRST), KeyLine(SECOND, f"published {_ago(10)}")], FRESH, NOW, LIFETIME)
    minting, retired = KeyLine(SECOND, f"minting since {_ago(0)}"), KeyLine(FIRST, f"retired {_ago(0)}")
    assert rotation.lines == (minting, retired)
    assert (rotation.published, rotation.minting, rotation.retired, rotation.dropped) == (None, minting, retired, ())


@pytest.mark.parametrize(("seconds", "wait"), [(9, 1), (0, 10), (-5, 15)])
def test_a_key_is_published_for_ten_seconds_before_it_mints(seconds: int, wait: int) -> None:
    """The second step is refused until ten seconds after the first, and says how long to wait."""
    with pytest.raises(TooEarlyError) as refusal:
        rotated([KeyLine(FIRST), KeyLine(SECOND, f"published {_ago(seconds)}")], FRESH, NOW, LIFETIME)
    assert refusal.value.wait == timedelta(seconds=wait)


@pytest.mark.parametrize("microseconds", [0, 1, 999_999])
def test_a_part_of_a_second_is_no_second(microseconds: int) -> None:
    """Ten seconds are ten whole ones, whenever within its second the key was published."""
    now = NOW + timedelta(microseconds=microseconds)
    published = rotated([KeyLine(FIRST)], FRESH, now, LIFETIME).lines
    with pytest.raises(TooEarlyError):
        rotated(published, FRESH, now + timedelta(seconds=10, microseconds=-1), LIFETIME)
    assert rotated(published, FRESH, now + timedelta(seconds=11), LIFETIME).minting


@pytest.mark.parametrize("step", ["publish", "mint"])
@pytest.mark.parametrize(("seconds", "dropped"), [(959, False), (960, False), (961, True)])
def test_retired_keys_are_dropped_when_their_last_token_has_expired(step: str, seconds: int, *, dropped: bool) -> None:
    """A key stays for the lifetime of a token and sixty seconds after it minted last, whichever the step."""
    published = [KeyLine(SECOND, f"published {_ago(60)}")] if step == "mint" else []
    old = KeyLine(THIRD, f"retired {_ago(seconds)}")
    rotation = rotated([KeyLine(FIRST), *published, old], FRESH, NOW, LIFETIME)
    assert rotation.dropped == ((old,) if dropped else ())
    assert (old in rotation.lines) is not dropped


def test_a_shorter_life_lets_keys_go_sooner() -> None:
    """What counts is the lifetime that is set."""
    old = KeyLine(THIRD, f"retired {_ago(161)}")
    assert rotated([KeyLine(FIRST), old], FRESH, NOW, timedelta(seconds=100)).dropped == (old,)
    assert rotated([KeyLine(FIRST), old], FRESH, NOW, timedelta(seconds=101)).dropped == ()


@pytest.mark.parametrize("note", ["", "ours", "retired yesterday", "minting since 2020-01-01T00:00:00Z", "published x"])
def test_a_key_of_unknown_age_counts_from_now(note: str) -> None:
    """A key that stands after the first, with no time to its retirement, is kept as if it had retired just now."""
    rotation = rotated([KeyLine(FIRST), KeyLine(THIRD, note)], FRESH, NOW, LIFETIME)
    assert rotation.lines[2:] == (KeyLine(THIRD, f"retired {_ago(0)}"),)


def test_one_key_at_a_time_begins_to_mint() -> None:
    """Of two published keys, which no command leaves behind, the first mints and the other stays published."""
    two = [KeyLine(SECOND, f"published {_ago(60)}"), KeyLine(THIRD, f"published {_ago(5)}")]
    rotation = rotated([KeyLine(FIRST), *two], FRESH, NOW, LIFETIME)
    assert [line.key for line in rotation.lines] == [SECOND, THIRD, FIRST]
    assert rotation.lines[1] == two[1]


def test_after_a_leak_there_is_one_key() -> None:
    """The fresh key mints at once, and every key that was in the file with the leaked one is gone."""
    lines = (KeyLine(FIRST), KeyLine(SECOND, f"published {_ago(5)}"), KeyLine(THIRD, f"retired {_ago(5)}"))
    rotation = replaced(lines, FRESH, NOW)
    new = KeyLine(FRESH, f"minting since {_ago(0)}")
    assert (rotation.lines, rotation.minting, rotation.dropped) == ((new,), new, lines)


def test_the_place_of_a_key_is_its_part() -> None:
    """The first mints, whatever its note; of the others, those are published that say so."""
    note = f"published {_ago(0)}"
    assert statuses([KeyLine(FIRST, note), KeyLine(SECOND, note), KeyLine(THIRD)]) == [MINTING, PUBLISHED, RETIRED]


def test_times_are_written_in_utc() -> None:
    """A clock of another zone writes the same instant."""
    jakarta = NOW.astimezone(timezone(timedelta(hours=7)))
    assert rotated([KeyLine(FIRST)], FRESH, jakarta, LIFETIME).lines[1].note == "published 2026-11-23T22:55:02Z"


def _opening(lines: tuple[KeyLine, ...]) -> TokenKeys:
    """As a server reads them."""
    file = TokenKeyFile(Path(), (), lines)
    assert file.mistakes == []
    return TokenKeys(file.keys, LIFETIME, file.retired_at)


@given(st.lists(st.integers(0, 1_500), max_size=12))
def test_no_living_token_is_left_without_its_key(pauses: list[int]) -> None:
    """Whenever the steps are taken, what was minted opens until it expires, also at who lags a step behind."""
    lines: tuple[KeyLine, ...] = (KeyLine(Fernet.generate_key()),)
    now = NOW
    minted: list[tuple[str, datetime]] = []
    for pause in pauses:
        now += timedelta(seconds=pause)
        before = lines
        minted.append((_opening(before).issue("A", now), now))
        try:
            lines = rotated(lines, Fernet.generate_key(), now, LIFETIME).lines
        except TooEarlyError:
            continue
        minted.append((_opening(lines).issue("A", now), now))
        for keys in map(_opening, (before, lines)):
            assert all(keys.verify(token, now) for token, then in minted if now < then + LIFETIME)
