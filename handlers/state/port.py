"""The port to whatever instances share: what was seen first, and what has been taken back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol


class State(Protocol):
    """One engine."""

    async def first_seen(self, key: str, ttl_seconds: int, now: datetime) -> datetime | None:
        """Remember the key; None if this is the first time, else when the first time was. Atomic among all."""

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """Whatever the subject was issued up to then is taken back; a later time that is held stays."""

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """Subject to time, live ones only."""

    async def close(self) -> None:
        """Let go of the engine."""
