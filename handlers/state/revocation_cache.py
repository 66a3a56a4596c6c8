"""A copy in memory of revoked tokens and suspended clients. It is at most 1 s old, and needs no call to the store."""

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
    """The copy.

    The revocation of a token covers that token alone. The revocation of a client covers all tokens that the client got
    until then. After a loss of data, revocations may be missing, so all tokens that were issued until then are covered.
    A suspension covers the client until it is resumed. The log has a line when a suspension begins or ends.
    """

    def __init__(
        self,
        state: State,
        outage_policy: OutagePolicy,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._state = state
        self._outage_policy = outage_policy
        self._now = now
        self._monotonic = monotonic
        self._copy: dict[str, datetime] = {}
        self._added: dict[str, datetime] = {}
        """Revocations by this instance since the last read began. That read may not contain them."""
        self._read_at = float("-inf")
        self._cause = _NOT_READ
        self._refresh_lock = asyncio.Lock()

    @property
    def is_fresh(self) -> bool:
        """Whether the copy is at most `LARGEST_AGE_SECONDS` old."""
        return self._monotonic() - self._read_at <= LARGEST_AGE_SECONDS

    def require_fresh(self) -> None:
        """Check the age of the copy.

        Raises:
            SnapError: 500 02 if the copy is too old and the policy refuses requests.
        """
        if not self.is_fresh:
            self._outage_policy.handle("read", self._cause)

    def is_revoked(self, client_key: str, fingerprint: str, issued_at: datetime) -> bool:
        """Whether this token is revoked. If the policy continues without the state store, an old copy counts too.

        Raises:
            SnapError: 500 02 if the copy is too old and the policy refuses requests.
        """
        return self.covers(client_key, issued_at) or f"token:{fingerprint}" in self._copy

    def covers(self, client_key: str, issued_at: datetime) -> bool:
        """Whether all tokens that the client got in the second of `issued_at` are revoked.

        Tokens have whole seconds, so a revocation covers its whole second.

        Raises:
            SnapError: 500 02 if the copy is too old and the policy refuses requests.
        """
        self.require_fresh()
        second = issued_at.replace(microsecond=0)
        of_client, of_all = self._copy.get(f"client:{client_key}"), self._copy.get(ALL_TOKENS)
        return (of_client is not None and second <= of_client) or (of_all is not None and second <= of_all)

    def is_suspended(self, client_key: str) -> bool:
        """Whether the copy contains a suspension of the client. An old copy counts too."""
        return SUSPENDED + client_key in self._copy

    async def revoke_token(self, fingerprint: str, ttl_seconds: int) -> None:
        """Revoke one token: here at once, and on every instance within a second.

        Raises:
            SnapError: 500 02 if the state store is down.
        """
        await self._revoke(f"token:{fingerprint}", ttl_seconds)

    async def revoke_client(self, client_key: str, ttl_seconds: int) -> None:
        """Revoke all tokens that the client has now: here at once, and on every instance within a second.

        Raises:
            SnapError: 500 02 if the state store is down.
        """
        await self._revoke(f"client:{client_key}", ttl_seconds)

    async def _revoke(self, subject: str, ttl_seconds: int) -> None:
        at = self._now()
        await self._state.revoke(subject, at, ttl_seconds)
        self._copy[subject] = self._added[subject] = max(at, self._copy.get(subject, at))

    async def refresh(self) -> None:
        """Read the copy again.

        Raises:
            StateDownError: The state store is down. The old copy stays.
        """
        async with self._refresh_lock:
            began, self._added = self._monotonic(), {}
            read = await self._state.revocations(self._now())
            before, self._copy = self._copy, {**read, **self._added}
            self._read_at = began
        _log_suspensions(before, self._copy)

    @asynccontextmanager
    async def refreshing(self) -> AsyncIterator[None]:
        """Read the copy before the block begins, and then twice a second until the block ends."""
        await self._try_to_refresh()
        async with running(self._keep_refreshing):
            yield

    async def _keep_refreshing(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + REFRESH_SECONDS, loop.time())
            await asyncio.sleep(due - loop.time())
            await self._try_to_refresh()

    async def _try_to_refresh(self) -> None:
        """Read the copy again. If that fails, keep the cause for the refusals."""
        try:
            await self.refresh()
        except StateDownError as cause:
            self._cause = cause
        else:
            self._cause = _NOT_READ


def _log_suspensions(before: Mapping[str, datetime], now: Mapping[str, datetime]) -> None:
    for subject in sorted(before.keys() ^ now.keys()):
        if subject.startswith(SUSPENDED):
            event = "client.suspended" if subject in now else "client.resumed"
            _log.warning(event, client_key=subject.removeprefix(SUSPENDED))
