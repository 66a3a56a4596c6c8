"""The port to what instances share."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol


class StateDownError(Exception):
    """Any failure of the engine; its cause is chained."""


class State(Protocol):
    """What an engine keeps."""

    async def first_seen(self, key: str, ttl_seconds: int, now: datetime) -> datetime | None:
        """Remember the key; None if this is the first time, else when the first time was."""

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """Keep the later `at` if there is one already."""

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """The live ones: when each subject was revoked."""

    async def close(self) -> None:
        """Let the engine go."""
