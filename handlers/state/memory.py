"""`memory://`: for tests, and for trying things. Nothing is shared with another process, nothing outlives this one."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush

from handlers.state.port import SUSPENDED


class MemoryState:
    """Dictionaries; a heap says which key ends next, so that sweeping looks at none that has time left."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[datetime, datetime]] = {}
        self._ends: list[tuple[datetime, str]] = []
        self._revoked: dict[str, tuple[datetime, datetime]] = {}
        self._suspended: dict[str, datetime] = {}

    async def first_seen(self, key: str, ttl_seconds: int, now: datetime) -> datetime | None:
        """As the port has it; atomic because it never waits."""
        self._sweep(now)
        if key in self._seen:
            return self._seen[key][0]
        end = now + timedelta(seconds=ttl_seconds)
        self._seen[key] = now.astimezone(UTC), end
        heappush(self._ends, (end, key))
        return None

    def _sweep(self, now: datetime) -> None:
        while self._ends and self._ends[0][0] <= now:
            _, key = heappop(self._ends)
            del self._seen[key]

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """As the port has it."""
        at = at.astimezone(UTC)
        end = at + timedelta(seconds=ttl_seconds)
        before_at, before_end = self._revoked.get(subject, (at, end))
        self._revoked[subject] = max(at, before_at), max(end, before_end)

    async def suspend(self, client_key: str, at: datetime) -> None:
        """As the port has it."""
        self._suspended.setdefault(SUSPENDED + client_key, at.astimezone(UTC))

    async def resume(self, client_key: str) -> None:
        """As the port has it."""
        self._suspended.pop(SUSPENDED + client_key, None)

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """As the port has it; those that ended are forgotten."""
        self._revoked = {subject: (at, end) for subject, (at, end) in self._revoked.items() if end > now}
        return self._suspended | {subject: at for subject, (at, _) in self._revoked.items()}

    async def close(self) -> None:
        """Nothing is held."""
