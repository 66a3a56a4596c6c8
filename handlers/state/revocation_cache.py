"""A copy in memory of what is revoked and who is suspended. It is at most 1 s old, and needs no call to the engine."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

import structlog

from handlers.state.background import running
from handlers.state.outage import OutagePolicy
from handlers.state.port import ALL_TOKENS, SUSPENDED, State, StateDownError

REFRESH_SECONDS = 0.5
LARGEST_AGE_SECONDS = 1.0

_NOT_READ = StateDownError("the revocations were not read in time")

_log = structlog.get_logger()


class RevocationCache:
    """The copy. A revocation of a token covers it alone; one of a client covers all it was issued until then.

    A suspension covers the client until it is lifted. The log has a line when one begins or ends. A state that lost its
    memory may have lost revocations, so all tokens that were issued until then are covered.
    """

    def __init__(
        self,
        state: State,
        outage_policy: OutagePolicy,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._state = state
        self._when_down = outage_policy
        self._now = now
        self._monotonic = monotonic
        self._copy: dict[str, datetime] = {}
        self._news: dict[str, datetime] = {}
        """Revoked here since the last read began. That read may not contain it."""
        self._as_of = float("-inf")
        self._cause = _NOT_READ
        self._one_at_a_time = asyncio.Lock()

    @property
    def is_fresh(self) -> bool:
        """Whether the copy is young enough to rely on."""
        return self._monotonic() - self._as_of <= LARGEST_AGE_SECONDS

    def require_fresh(self) -> None:
        """SnapError, 500 02, if the copy is too old and the policy is to refuse."""
        if not self.is_fresh:
            self._when_down.handle("read", self._cause)

    def is_revoked(self, client_key: str, fingerprint: str, issued_at: datetime) -> bool:
        """Whether that token no longer counts.

        Raises:
            SnapError: the copy is too old and the policy is to refuse; if it is to go on, the old copy is asked.
        """
        return self.covers(client_key, issued_at) or f"token:{fingerprint}" in self._copy

    def covers(self, client_key: str, issued_at: datetime) -> bool:
        """Whether all tokens that the client got in the second of `issued_at` are revoked.

        Tokens have whole seconds, so a revocation covers its second to the end.

        Raises:
            SnapError: as `is_revoked`.
        """
        self.require_fresh()
        second = issued_at.replace(microsecond=0)
        revoked = (self._copy.get(subject) for subject in (f"client:{client_key}", ALL_TOKENS))
        return any(at is not None and second <= at for at in revoked)

    def is_suspended(self, client_key: str) -> bool:
        """Whether the copy says that the client is suspended, even if the copy is too old."""
        return SUSPENDED + client_key in self._copy

    async def revoke_token(self, fingerprint: str, ttl_seconds: int) -> None:
        """Revoke one token, here at once and everywhere within a second."""
        await self._revoke(f"token:{fingerprint}", ttl_seconds)

    async def revoke_client(self, client_key: str, ttl_seconds: int) -> None:
        """Revoke all that the client was issued up to now, here at once and everywhere within a second."""
        await self._revoke(f"client:{client_key}", ttl_seconds)

    async def _revoke(self, subject: str, ttl_seconds: int) -> None:
        at = self._now()
        await self._state.revoke(subject, at, ttl_seconds)
        self._copy[subject] = self._news[subject] = max(at, self._copy.get(subject, at))

    async def refresh(self) -> None:
        """Read the copy anew; StateDownError leaves the old one."""
        async with self._one_at_a_time:
            as_of, self._news = self._monotonic(), {}
            read = await self._state.revocations(self._now())
            before, self._copy = self._copy, {**read, **self._news}
            self._as_of = as_of
        _tell_suspensions(before, self._copy)

    @asynccontextmanager
    async def refreshing(self) -> AsyncIterator[None]:
        """Within it the copy is read twice a second, for the first time before the block begins."""
        await self._try_to_refresh()
        async with running(self._keep_fresh):
            yield

    async def _keep_fresh(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + REFRESH_SECONDS, loop.time())
            await asyncio.sleep(due - loop.time())
            await self._try_to_refresh()

    async def _try_to_refresh(self) -> None:
        """Read the copy again; if that fails, keep the cause for the refusals."""
        try:
            await self.refresh()
        except StateDownError as cause:
            self._cause = cause
        else:
            self._cause = _NOT_READ


def _tell_suspensions(before: Mapping[str, datetime], now: Mapping[str, datetime]) -> None:
    for subject in sorted(before.keys() ^ now.keys()):
        if subject.startswith(SUSPENDED):
            event = "client.suspended" if subject in now else "client.resumed"
            _log.warning(event, client_key=subject.removeprefix(SUSPENDED))
