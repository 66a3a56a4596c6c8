"""State in memory."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from handlers.state.port import StateDownError


class MemoryState:
    """One process alone."""

    def __init__(self) -> None:
        self._seen: dict[str, datetime] = {}
        self._revoked: dict[str, tuple[datetime, datetime]] = {}

    async def first_seen(self, key: str, ttl_seconds: int, now: datetime) -> datetime | None:
        """Remember the key."""
        del ttl_seconds
        before = self._seen.get(key)
        self._seen.setdefault(key, now)
        return before

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """Remember the subject."""
        self._revoked[subject] = (at, at + timedelta(seconds=ttl_seconds))

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """The live ones."""
        return {subject: at for subject, (at, end) in self._revoked.items() if now < end}

    async def close(self) -> None:
        """Nothing to let go."""


class DownState(MemoryState):
    """An engine that is down."""

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """Fail."""
        del subject, at, ttl_seconds
        raise StateDownError from ConnectionRefusedError("Connection refused")
