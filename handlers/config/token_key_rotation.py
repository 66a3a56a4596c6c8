"""Rotation of token keys in two steps, so that no instance receives a token whose key it has not read yet.

The first step publishes a new key: every instance can decrypt with it, but none encrypts with it. The second step makes
the new key the minting key, which encrypts new tokens. The previous key still decrypts until its last token expires.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from handlers.config.token_key_file import KeyLine
from handlers.config.token_key_note import MINTING, PUBLISHED, RETIRED, render_note, since
from handlers.snap.token import last_token_expired

PUBLISHED_AT_LEAST = timedelta(seconds=10)
"""A key must be published for this time before it mints. Every instance reads a changed file within 2 seconds."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """The new content of the file, and the keys whose status changed."""

    lines: tuple[KeyLine, ...]
    published: KeyLine | None = None
    minting: KeyLine | None = None
    retired: KeyLine | None = None
    dropped: tuple[KeyLine, ...] = ()


class TooEarlyError(Exception):
    """The key was published only a moment ago, so some instances may not have read it. `wait` is the time left."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"wait {wait}")
        self.wait = wait


def statuses(lines: Sequence[KeyLine]) -> list[str]:
    """The status of each key. The first is minting. Each other key is published if its note says so, else retired."""
    return [MINTING, *(PUBLISHED if since(line.note, PUBLISHED) else RETIRED for line in lines[1:])]


def rotated(lines: Sequence[KeyLine], new_key: bytes, now: datetime, lifetime: timedelta) -> Rotation:
    """Take the next step: publish `new_key`, or make the published key the minting key.

    Raises:
        TooEarlyError: The key was published less than `PUBLISHED_AT_LEAST` ago.
    """
    first, *others = lines
    published = [line for line in others if since(line.note, PUBLISHED)]
    retired = [_retired(line, now) for line in others if line not in published]
    remaining = [line for line in retired if not last_token_expired(since(line.note, RETIRED) or now, now, lifetime)]
    dropped = tuple(line for line in retired if line not in remaining)
    if not published:
        new = KeyLine(new_key, render_note(PUBLISHED, now))
        return Rotation((first, new, *remaining), published=new, dropped=dropped)
    _require_long_enough(published[0], now)
    minting, before = (
        replace(published[0], note=render_note(MINTING, now)),
        replace(first, note=render_note(RETIRED, now)),
    )
    return Rotation((minting, *published[1:], before, *remaining), minting=minting, retired=before, dropped=dropped)


def replaced(lines: Sequence[KeyLine], new_key: bytes, now: datetime) -> Rotation:
    """Replace all keys by `new_key`, which mints at once. This is for a leaked file, which exposes all of its keys."""
    minting = KeyLine(new_key, render_note(MINTING, now))
    return Rotation((minting,), minting=minting, dropped=tuple(lines))


def _require_long_enough(line: KeyLine, now: datetime) -> None:
    wait = (since(line.note, PUBLISHED) or now) + PUBLISHED_AT_LEAST - now
    if wait > timedelta():
        raise TooEarlyError(wait)


def _retired(line: KeyLine, now: datetime) -> KeyLine:
    """The key with the time of its retirement. If that time is unknown, it is now."""
    return line if since(line.note, RETIRED) else replace(line, note=render_note(RETIRED, now))
