"""`memory://`: a state store for tests and trials. It is not shared, and it is lost when the process ends."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush

from handlers.state.microseconds import from_microseconds, to_microseconds
from handlers.state.port import SUSPENDED
from handlers.state.sweeping import Sweeping


class MemoryState:
    """Keeps everything in dictionaries. A heap has the keys in the order of their end, so sweeping visits no other."""

    def __init__(self, sweeping: Sweeping | None = None) -> None:
        self._sweeping = sweeping or Sweeping(margin=0)  # The store starts empty, so it can lose nothing.
        self._seen: dict[str, tuple[datetime, datetime]] = {}
        self._ends: list[tuple[datetime, str]] = []
        self._revoked: dict[str, tuple[datetime, datetime]] = {}
        self._suspended: dict[str, datetime] = {}

    async def first_seen(
        self,
        key: str,
        ttl_seconds: int,
        now: datetime,
        signed_at: datetime | None = None,  # noqa: ARG002  this store never loses data while its process runs
    ) -> datetime | None:
        """See `State.first_seen`. It is atomic because it never awaits."""
        self._sweep(self._sweep_until(now))
        record = self._seen.get(key)
        if record and record[1] > now:
            return record[0]
        end = now + timedelta(seconds=ttl_seconds)
        self._seen[key] = now.astimezone(UTC), end
        heappush(self._ends, (end, key))
        return None

    def _sweep_until(self, now: datetime) -> datetime:
        return from_microseconds(self._sweeping.until(to_microseconds(now)))

    def _sweep(self, until: datetime) -> None:
        while self._ends and self._ends[0][0] <= until:
            end, key = heappop(self._ends)
            if self._seen[key][1] == end:  # Otherwise the key was recorded again, with a later end.
                del self._seen[key]

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """See `State.revoke`."""
        at = at.astimezone(UTC)
        end = at + timedelta(seconds=ttl_seconds)
        old_at, old_end = self._revoked.get(subject, (at, end))
        self._revoked[subject] = max(at, old_at), max(end, old_end)

    async def suspend(self, client_key: str, at: datetime) -> None:
        """See `Engine.suspend`."""
        self._suspended.setdefault(SUSPENDED + client_key, at.astimezone(UTC))

    async def resume(self, client_key: str) -> None:
        """See `Engine.resume`."""
        self._suspended.pop(SUSPENDED + client_key, None)

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """See `State.revocations`."""
        until = self._sweep_until(now)
        self._revoked = {subject: (at, end) for subject, (at, end) in self._revoked.items() if end > until}
        return self._suspended | {subject: at for subject, (at, end) in self._revoked.items() if end > now}

    async def close(self) -> None:
        """See `State.close`. There is nothing to release."""
