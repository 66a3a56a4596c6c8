"""How requests are handled while the state store is down. The merchant chooses: refuse them, or continue without it."""

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
from handlers.timing import Timer, untimed

OutageAction = Literal["refuse", "continue"]

RETRY_AFTER_SECONDS = 1

_PROBE_BYTES = 16
_PROBE_TTL_SECONDS = 1


def refusal(cause: StateDownError) -> SnapError:
    """Return 500 02 with Retry-After. The log line of the request has the cause."""
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return SnapError(EXTERNAL_SERVER_ERROR, reason="state.down", headers=headers, cause=str(cause))


class OutagePolicy:
    """Decides about every request for which the state store fails."""

    def __init__(self, action: OutageAction, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._action = action
        self.availability = Availability(monotonic)
        self.unchecked = UncheckedDecisions()

    @property
    def continues(self) -> bool:
        """Whether the server decides requests without the state store while it is down."""
        return self._action == "continue"

    def handle(self, kind: Kind, cause: StateDownError) -> None:
        """Record the failure. Then return if the request may continue without the state store.

        Raises:
            SnapError: 500 02, because the policy refuses the request.
        """
        if not isinstance(cause, DataLossError):  # After a loss of data the store is up. Only this request is unknown.
            self.availability.record_failure(kind, cause)
        if not self.continues:
            raise refusal(cause) from cause
        self.unchecked.count(cause)


class GuardedState:
    """A state for the handlers. It records every outcome, and follows the policy while the state store is down."""

    def __init__(self, state: State, outage_policy: OutagePolicy, timer: Timer = untimed) -> None:
        """`timer` measures the operations `first_seen`, `revoke` and `revocations`."""
        self._state = state
        self._timer = timer
        self._outage_policy = outage_policy
        self._availability = outage_policy.availability

    async def first_seen(
        self, key: str, ttl_seconds: int, now: datetime, signed_at: datetime | None = None
    ) -> datetime | None:
        """See `State.first_seen`. If the policy continues without the state store, every key counts as new.

        Raises:
            SnapError: 500 02 if the state store is down and the policy refuses requests.
        """
        try:
            with self._timer("first_seen"):
                first = await self._state.first_seen(key, ttl_seconds, now, signed_at)
        except StateDownError as cause:
            self._outage_policy.handle("write", cause)
            return None
        if first is None:  # A repeat may have written nothing, so it proves nothing.
            self._availability.record_success("write")
        return first

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """See `State.revoke`. Both policies refuse a revocation that cannot be recorded.

        Raises:
            SnapError: 500 02 if the state store is down.
        """
        try:
            with self._timer("revoke"):
                await within_timeout(self._state.revoke(subject, at, ttl_seconds))
        except StateDownError as cause:
            self._availability.record_failure("write", cause)
            raise refusal(cause) from cause
        self._availability.record_success("write")

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """See `State.revocations`. The policy does not apply here: the age of the copy decides about requests."""
        try:
            with self._timer("revocations"):
                revocations = await within_timeout(self._state.revocations(now))
        except StateDownError as cause:
            self._availability.record_failure("read", cause)
            raise
        self._availability.record_success("read")
        return revocations

    def probing(self, now: Callable[[], datetime]) -> AbstractAsyncContextManager[None]:
        """Within the block, notice when the state store works again, even if no request uses it."""

        async def write() -> None:
            key = f"probe:{token_hex(_PROBE_BYTES)}"
            await within_timeout(self._state.first_seen(key, _PROBE_TTL_SECONDS, now()))
            self._availability.record_success("write")

        return self._availability.probing(write)

    async def close(self) -> None:
        """See `State.close`. Unchecked decisions that are not in the log yet are logged first."""
        self._outage_policy.unchecked.close()
        await self._state.close()
