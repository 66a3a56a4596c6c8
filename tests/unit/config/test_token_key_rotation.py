"""Rotation of token keys: published, minting, retired, dropped."""

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
    """The first step adds the new key after the minting key, which continues to mint."""
    rotation = rotated([KeyLine(FIRST, "ours")], FRESH, NOW, LIFETIME)
    new = KeyLine(FRESH, f"published {_ago(0)}")
    assert rotation.lines == (KeyLine(FIRST, "ours"), new)
    assert (rotation.published, rotation.minting, rotation.retired, rotation.dropped) == (new, None, None, ())


def test_a_published_key_mints_next() -> None:
    """The second step moves the published key to the first place. The previous key stays, to decrypt its tokens."""
    rotation = rotated([KeyLine(FIRST), KeyLine(SECOND, f"published {_ago(10)}")], FRESH, NOW, LIFETIME)
    minting, retired = KeyLine(SECOND, f"minting since {_ago(0)}"), KeyLine(FIRST, f"retired {_ago(0)}")
    assert rotation.lines == (minting, retired)
    assert (rotation.published, rotation.minting, rotation.retired, rotation.dropped) == (None, minting, retired, ())


@pytest.mark.parametrize(("seconds", "wait"), [(9, 1), (0, 10), (-5, 15)])
def test_a_key_is_published_for_ten_seconds_before_it_mints(seconds: int, wait: int) -> None:
    """The second step is refused until ten seconds after the first, and the error says how long to wait."""
    with pytest.raises(TooEarlyError) as refusal:
        rotated([KeyLine(FIRST), KeyLine(SECOND, f"published {_ago(seconds)}")], FRESH, NOW, LIFETIME)
    assert refusal.value.wait == timedelta(seconds=wait)


@pytest.mark.parametrize("microseconds", [0, 1, 999_999])
def test_ten_whole_seconds_must_pass(microseconds: int) -> None:
    """Ten full seconds must pass, also if the key was published within a second."""
    now = NOW + timedelta(microseconds=microseconds)
    published = rotated([KeyLine(FIRST)], FRESH, now, LIFETIME).lines
    with pytest.raises(TooEarlyError):
        rotated(published, FRESH, now + timedelta(seconds=10, microseconds=-1), LIFETIME)
    assert rotated(published, FRESH, now + timedelta(seconds=11), LIFETIME).minting


@pytest.mark.parametrize("step", ["publish", "mint"])
@pytest.mark.parametrize(("seconds", "dropped"), [(959, False), (960, False), (961, True)])
def test_retired_keys_are_dropped_when_their_last_token_has_expired(step: str, seconds: int, *, dropped: bool) -> None:
    """Each step keeps a retired key for the token lifetime and 60 seconds more."""
    published = [KeyLine(SECOND, f"published {_ago(60)}")] if step == "mint" else []
    old = KeyLine(THIRD, f"retired {_ago(seconds)}")
    rotation = rotated([KeyLine(FIRST), *published, old], FRESH, NOW, LIFETIME)
    assert rotation.dropped == ((old,) if dropped else ())
    assert (old in rotation.lines) is not dropped


def test_a_shorter_lifetime_drops_keys_sooner() -> None:
    """The configured lifetime decides when a retired key is dropped."""
    old = KeyLine(THIRD, f"retired {_ago(161)}")
    assert rotated([KeyLine(FIRST), old], FRESH, NOW, timedelta(seconds=100)).dropped == (old,)
    assert rotated([KeyLine(FIRST), old], FRESH, NOW, timedelta(seconds=101)).dropped == ()


@pytest.mark.parametrize("note", ["", "ours", "retired yesterday", "minting since 2020-01-01T00:00:00Z", "published x"])
def test_a_key_of_unknown_age_counts_from_now(note: str) -> None:
    """A later key without a retirement time is kept as if it had retired now."""
    rotation = rotated([KeyLine(FIRST), KeyLine(THIRD, note)], FRESH, NOW, LIFETIME)
    assert rotation.lines[2:] == (KeyLine(THIRD, f"retired {_ago(0)}"),)


def test_one_key_at_a_time_begins_to_mint() -> None:
    """Of two published keys, the first becomes the minting key, and the other stays published."""
    two = [KeyLine(SECOND, f"published {_ago(60)}"), KeyLine(THIRD, f"published {_ago(5)}")]
    rotation = rotated([KeyLine(FIRST), *two], FRESH, NOW, LIFETIME)
    assert [line.key for line in rotation.lines] == [SECOND, THIRD, FIRST]
    assert rotation.lines[1] == two[1]


def test_after_a_leak_there_is_one_key() -> None:
    """The new key mints at once, and all keys that were in the leaked file are removed."""
    lines = (KeyLine(FIRST), KeyLine(SECOND, f"published {_ago(5)}"), KeyLine(THIRD, f"retired {_ago(5)}"))
    rotation = replaced(lines, FRESH, NOW)
    new = KeyLine(FRESH, f"minting since {_ago(0)}")
    assert (rotation.lines, rotation.minting, rotation.dropped) == ((new,), new, lines)


def test_the_status_of_a_key() -> None:
    """The first key is minting, whatever its note. Another key is published if its note says so, else retired."""
    note = f"published {_ago(0)}"
    assert statuses([KeyLine(FIRST, note), KeyLine(SECOND, note), KeyLine(THIRD)]) == [MINTING, PUBLISHED, RETIRED]


def test_times_are_written_in_utc() -> None:
    """A clock in another time zone writes the same instant in UTC."""
    jakarta = NOW.astimezone(timezone(timedelta(hours=7)))
    assert rotated([KeyLine(FIRST)], FRESH, jakarta, LIFETIME).lines[1].note == "published 2026-11-23T22:55:02Z"


def _opening(lines: tuple[KeyLine, ...]) -> TokenKeys:
    """The keys as a server reads them."""
    file = TokenKeyFile(Path(), (), lines)
    assert file.mistakes == []
    return TokenKeys(file.keys, LIFETIME, file.retired_at)


@given(st.lists(st.integers(0, 1_500), max_size=12))
def test_no_living_token_is_left_without_its_key(pauses: list[int]) -> None:
    """Whenever the steps are taken, every unexpired token can be decrypted, also by a server one step behind."""
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
