"""`memory://`: for tests, and for trying things. Nothing is shared with another process, nothing outlives this one."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush

from handlers.state.microseconds import from_microseconds, to_microseconds
from handlers.state.port import SUSPENDED
from handlers.state.sweeping import Sweeping


class MemoryState:
    """Dictionaries; a heap says which key ends next, so that sweeping looks at none that has time left."""

    def __init__(self, sweeping: Sweeping | None = None) -> None:
        self._sweeping = sweeping or Sweeping(behind=0)  # It starts empty, so it can lose nothing.
        self._seen: dict[str, tuple[datetime, datetime]] = {}
        self._ends: list[tuple[datetime, str]] = []
        self._revoked: dict[str, tuple[datetime, datetime]] = {}
        self._suspended: dict[str, datetime] = {}

    async def first_seen(
        self,
        key: str,
        ttl_seconds: int,
        now: datetime,
        signed_at: datetime | None = None,  # noqa: ARG002  this memory lasts as long as its process
    ) -> datetime | None:
        """As the port has it; atomic because it never waits."""
        self._sweep(self._sweeping_until(now))
        known = self._seen.get(key)
        if known and known[1] > now:
            return known[0]
        end = now + timedelta(seconds=ttl_seconds)
        self._seen[key] = now.astimezone(UTC), end
        heappush(self._ends, (end, key))
        return None

    def _sweeping_until(self, now: datetime) -> datetime:
        return from_microseconds(self._sweeping.until(to_microseconds(now)))

    def _sweep(self, until: datetime) -> None:
        while self._ends and self._ends[0][0] <= until:
            end, key = heappop(self._ends)
            if self._seen[key][1] == end:  # Otherwise it was seen again later, and ends later.
                del self._seen[key]

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """As the port has it."""
        at = at.astimezone(UTC)
        end = at + timedelta(seconds=ttl_seconds)
        before_at, before_end = self._revoked.get(subject, (at, end))
        self._revoked[subject] = max(at, before_at), max(end, before_end)

    async def suspend(self, client_key: str, at: datetime) -> None:
        """See `Engine.suspend`."""
        self._suspended.setdefault(SUSPENDED + client_key, at.astimezone(UTC))

    async def resume(self, client_key: str) -> None:
        """See `Engine.resume`."""
        self._suspended.pop(SUSPENDED + client_key, None)

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """As the port has it."""
        until = self._sweeping_until(now)
        self._revoked = {subject: (at, end) for subject, (at, end) in self._revoked.items() if end > until}
        return self._suspended | {subject: at for subject, (at, end) in self._revoked.items() if end > now}

    async def close(self) -> None:
        """Nothing is held."""
