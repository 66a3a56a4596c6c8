"""Rotation of token keys in two steps, so that no instance meets a token of a key that it has not read.

A new key is published first: every instance opens with it, none mints. The next step lets it mint, and the key that
minted before still opens, until its last token has expired.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from handlers.server.token_key_file import KeyLine
from handlers.snap.token import CLOCKS_APART

PUBLISHED_AT_LEAST = timedelta(seconds=10)
"""For so long a key is published before it mints; every instance reads its files again each second."""

MINTING = "minting since"
PUBLISHED = "published"
RETIRED = "retired"

_NOTE = re.compile(rf"({MINTING}|{PUBLISHED}|{RETIRED}) ([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9:]{{8}}Z)")


@dataclass(frozen=True, slots=True)
class Rotation:
    """The keys as they are to be, and which of them changed their part."""

    lines: tuple[KeyLine, ...]
    published: KeyLine | None = None
    minting: KeyLine | None = None
    retired: KeyLine | None = None
    dropped: tuple[KeyLine, ...] = ()


class TooEarlyError(Exception):
    """A key was published a moment ago, and some instance may not have read it yet."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"wait {wait}")
        self.wait = wait


def since(line: KeyLine, part: str) -> datetime | None:
    """Since when the key plays this part, as its note says; None if its note says nothing of it."""
    note = _NOTE.fullmatch(line.note)
    if note is None or note[1] != part:
        return None
    try:
        return datetime.fromisoformat(note[2])
    except ValueError:
        return None


def parts(lines: Sequence[KeyLine]) -> list[str]:
    """The part that each key plays: the first mints; a later one that is not published yet to mint has retired."""
    return [MINTING, *(PUBLISHED if since(line, PUBLISHED) else RETIRED for line in lines[1:])]


def rotated(lines: Sequence[KeyLine], fresh: bytes, now: datetime, lifetime: timedelta) -> Rotation:
    """Take the next step: publish the fresh key, or let the one that is published mint.

    Raises:
        TooEarlyError: it is not published long enough.
    """
    first, *others = lines
    published = [line for line in others if since(line, PUBLISHED)]
    retired = [_retired(line, now) for line in others if line not in published]
    kept = [line for line in retired if not _is_over(line, now, lifetime)]
    dropped = tuple(line for line in retired if line not in kept)
    if not published:
        new = KeyLine(fresh, _note(PUBLISHED, now))
        return Rotation((first, new, *kept), published=new, dropped=dropped)
    _require_long_enough(published[0], now)
    minting, before = replace(published[0], note=_note(MINTING, now)), replace(first, note=_note(RETIRED, now))
    return Rotation((minting, *published[1:], before, *kept), minting=minting, retired=before, dropped=dropped)


def _require_long_enough(line: KeyLine, now: datetime) -> None:
    wait = (since(line, PUBLISHED) or now) + PUBLISHED_AT_LEAST - now
    if wait > timedelta():
        raise TooEarlyError(wait)


def _retired(line: KeyLine, now: datetime) -> KeyLine:
    """A key of which nobody knows when it minted last counts from now."""
    return line if since(line, RETIRED) else replace(line, note=_note(RETIRED, now))


def _is_over(line: KeyLine, now: datetime, lifetime: timedelta) -> bool:
    """Whether the last token of a retired key has expired, be the clocks as far apart as they may."""
    return now - (since(line, RETIRED) or now) > lifetime + CLOCKS_APART


def _note(part: str, now: datetime) -> str:
    """In whole seconds, rounded up: nothing was so any earlier."""
    second = (now.astimezone(UTC) + timedelta(microseconds=999_999)).replace(microsecond=0, tzinfo=None)
    return f"{part} {second.isoformat()}Z"
