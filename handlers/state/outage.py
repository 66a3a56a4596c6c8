"""What becomes of a request while the engine is down: the merchant chooses between refusing and going on."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from secrets import token_hex
from typing import Literal

from handlers.snap.codes import EXTERNAL_SERVER_ERROR, SnapError
from handlers.state.availability import Availability, Kind
from handlers.state.batches import within_timeout
from handlers.state.port import DataLossError, State, StateDownError
from handlers.state.unchecked_decisions import UncheckedDecisions

OutageAction = Literal["refuse", "continue"]

RETRY_AFTER_SECONDS = 1

_PROBE_BYTES = 16
_PROBE_TTL_SECONDS = 1


def refusal(cause: StateDownError) -> SnapError:
    """500 02, with the time after which to try again; the request's own audit line tells the cause."""
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return SnapError(EXTERNAL_SERVER_ERROR, reason="state.down", headers=headers, cause=str(cause))


class OutagePolicy:
    """The policy, for every request that meets the engine down."""

    def __init__(self, policy: OutageAction, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy
        self.availability = Availability(monotonic)
        self.unchecked = UncheckedDecisions()

    @property
    def continues(self) -> bool:
        """Whether requests are answered without the engine."""
        return self._policy == "continue"

    def handle(self, kind: Kind, cause: StateDownError) -> None:
        """Return to go on without the engine, or raise the SnapError that refuses."""
        if not isinstance(cause, DataLossError):  # The engine is up; it does not know this one request.
            self.availability.failed(kind, cause)
        if not self.continues:
            raise refusal(cause) from cause
        self.unchecked.count(cause)


class GuardedState:
    """A state for the handlers. It reports each outcome, and follows the policy while the engine is down."""

    def __init__(self, state: State, outage_policy: OutagePolicy) -> None:
        self._state = state
        self._when_down = outage_policy
        self._availability = outage_policy.availability

    async def first_seen(
        self, key: str, ttl_seconds: int, now: datetime, signed_at: datetime | None = None
    ) -> datetime | None:
        """As the port has it; when going on without the engine, each time is the first."""
        try:
            first = await self._state.first_seen(key, ttl_seconds, now, signed_at)
        except StateDownError as cause:
            self._when_down.handle("write", cause)
            return None
        if first is None:  # A repeat may have written nothing.
            self._availability.succeeded("write")
        return first

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """As the port has it, but refused by SnapError under either policy: a revocation is never lost in silence."""
        try:
            await within_timeout(self._state.revoke(subject, at, ttl_seconds))
        except StateDownError as cause:
            self._availability.failed("write", cause)
            raise refusal(cause) from cause
        self._availability.succeeded("write")

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """See `State.revocations`. The age of the copy, not this call, decides about requests."""
        try:
            revocations = await within_timeout(self._state.revocations(now))
        except StateDownError as cause:
            self._availability.failed("read", cause)
            raise
        self._availability.succeeded("read")
        return revocations

    def probing(self, now: Callable[[], datetime]) -> AbstractAsyncContextManager[None]:
        """While the block runs, notice that the engine works again, even if no request uses it."""

        async def write() -> None:
            key = f"probe:{token_hex(_PROBE_BYTES)}"
            await within_timeout(self._state.first_seen(key, _PROBE_TTL_SECONDS, now()))
            self._availability.succeeded("write")

        return self._availability.probing(write)

    async def close(self) -> None:
        """See `State.close`. Decisions without the state that are not logged yet are logged."""
        self._when_down.unchecked.close()
        await self._state.close()
