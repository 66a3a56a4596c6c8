"""Rotation of token keys in two steps, so that no instance meets a token of a key that it has not read.

A new key is published first: every instance opens with it, none mints. The next step lets it mint, and the key that
minted before still opens, until its last token has expired.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from handlers.config.token_key_file import KeyLine
from handlers.config.token_key_note import MINTING, PUBLISHED, RETIRED, since, written
from handlers.snap.token import last_token_expired

PUBLISHED_AT_LEAST = timedelta(seconds=10)
"""For so long a key is published before it mints; every instance reads its files again each second."""


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


def parts(lines: Sequence[KeyLine]) -> list[str]:
    """The part that each key plays: the first mints; a later one that is not published yet to mint has retired."""
    return [MINTING, *(PUBLISHED if since(line.note, PUBLISHED) else RETIRED for line in lines[1:])]


def rotated(lines: Sequence[KeyLine], fresh: bytes, now: datetime, lifetime: timedelta) -> Rotation:
    """Take the next step: publish the fresh key, or let the one that is published mint.

    Raises:
        TooEarlyError: it is not published long enough.
    """
    first, *others = lines
    published = [line for line in others if since(line.note, PUBLISHED)]
    retired = [_retired(line, now) for line in others if line not in published]
    kept = [line for line in retired if not last_token_expired(since(line.note, RETIRED) or now, now, lifetime)]
    dropped = tuple(line for line in retired if line not in kept)
    if not published:
        new = KeyLine(fresh, written(PUBLISHED, now))
        return Rotation((first, new, *kept), published=new, dropped=dropped)
    _require_long_enough(published[0], now)
    minting, before = replace(published[0], note=written(MINTING, now)), replace(first, note=written(RETIRED, now))
    return Rotation((minting, *published[1:], before, *kept), minting=minting, retired=before, dropped=dropped)


def replaced(lines: Sequence[KeyLine], fresh: bytes, now: datetime) -> Rotation:
    """Replace all keys by the fresh one, which mints at once: if the file has leaked, all keys in it have."""
    minting = KeyLine(fresh, written(MINTING, now))
    return Rotation((minting,), minting=minting, dropped=tuple(lines))


def _require_long_enough(line: KeyLine, now: datetime) -> None:
    wait = (since(line.note, PUBLISHED) or now) + PUBLISHED_AT_LEAST - now
    if wait > timedelta():
        raise TooEarlyError(wait)


def _retired(line: KeyLine, now: datetime) -> KeyLine:
    """A key of which nobody knows when it minted last counts from now."""
    return line if since(line.note, RETIRED) else replace(line, note=written(RETIRED, now))
