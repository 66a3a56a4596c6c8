"""What is revoked, as a copy in memory: asking it costs no trip to the engine, and it is at most a second old."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from handlers.state.port import State, StateDownError
from handlers.state.when_down import WhenDown

REFRESH_SECONDS = 0.5
LARGEST_AGE_SECONDS = 1.0

_NOT_READ = StateDownError("the revocations were not read in time")


class Revocations:
    """The copy. A revocation of a token covers it alone; one of a client covers all it was issued until then."""

    def __init__(
        self,
        state: State,
        when_down: WhenDown,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._state = state
        self._when_down = when_down
        self._now = now
        self._monotonic = monotonic
        self._copy: dict[str, datetime] = {}
        self._news: dict[str, datetime] = {}
        """Revoked here since the last read began, which may not know of it."""
        self._as_of = float("-inf")
        self._cause = _NOT_READ
        self._one_at_a_time = asyncio.Lock()

    @property
    def fresh(self) -> bool:
        """Whether the copy is young enough to rely on."""
        return self._monotonic() - self._as_of <= LARGEST_AGE_SECONDS

    def require_fresh(self) -> None:
        """SnapError, 500 02, if the copy is too old and the policy is to refuse."""
        if not self.fresh:
            self._when_down.meet("read", self._cause)

    def is_revoked(self, client_key: str, fingerprint: str, issued_at: datetime) -> bool:
        """Whether that token no longer counts; `issued_at` is a whole second, as tokens have it.

        Raises:
            SnapError: the copy is too old and the policy is to refuse; if it is to go on, the old copy is asked.
        """
        self.require_fresh()
        client_revoked_at = self._copy.get(f"client:{client_key}", datetime.min.replace(tzinfo=UTC))
        return issued_at <= client_revoked_at or f"token:{fingerprint}" in self._copy

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
            self._copy = {**read, **self._news}
            self._as_of = as_of

    @asynccontextmanager
    async def kept_fresh(self) -> AsyncIterator[None]:
        """Within it the copy is read twice a second, for the first time before the block begins."""
        await self._try_to_refresh()
        task = asyncio.create_task(self._keep_fresh())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _keep_fresh(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + REFRESH_SECONDS, loop.time())
            await asyncio.sleep(due - loop.time())
            await self._try_to_refresh()

    async def _try_to_refresh(self) -> None:
        """Remember why the copy is old, for those who are refused because of it."""
        try:
            await self.refresh()
        except StateDownError as cause:
            self._cause = cause
        else:
            self._cause = _NOT_READ
