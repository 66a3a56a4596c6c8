"""A state that one process keeps to itself."""

from collections.abc import Mapping
from datetime import datetime, timedelta

_Entries = dict[str, tuple[datetime, datetime]]


class MemoryState:
    """Both kinds of entries: key to time, and when to forget it."""

    def __init__(self) -> None:
        self._seen: _Entries = {}
        self._revoked: _Entries = {}

    async def first_seen(self, key: str, ttl_seconds: int, now: datetime) -> datetime | None:
        """Remember the key; None if this is the first time, else when the first time was."""
        first, end = self._seen.get(key, (now, now))
        if now < end:
            return first
        self._seen[key] = now, now + timedelta(seconds=ttl_seconds)
        return None

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """Keep the later time."""
        if subject not in self._revoked or self._revoked[subject][0] < at:
            self._revoked[subject] = at, at + timedelta(seconds=ttl_seconds)

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """Subject to time, live ones only."""
        return {subject: at for subject, (at, end) in self._revoked.items() if now < end}

    async def close(self) -> None:
        """Nothing is held open."""
