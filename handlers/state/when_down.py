"""What becomes of a request while the engine is down: the merchant chooses between refusing and going on."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal

import structlog

from handlers.snap.codes import EXTERNAL_SERVER_ERROR, SnapError
from handlers.state.port import State, StateDownError

Policy = Literal["refuse", "continue"]

RETRY_AFTER_SECONDS = 1
LOG_SECONDS = 1.0
"""One line at the most in this time, while going on."""

_log = structlog.get_logger()


def refusal(cause: StateDownError) -> SnapError:
    """500 02, with the time after which to try again; the request's own audit line tells the cause."""
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return SnapError(EXTERNAL_SERVER_ERROR, reason="state.down", headers=headers, cause=str(cause))


class WhenDown:
    """The policy; it counts what goes on unchecked."""

    def __init__(self, policy: Policy, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy
        self._monotonic = monotonic
        self._unchecked = 0
        self._told_at = float("-inf")

    def meet(self, cause: StateDownError) -> None:
        """Return to go on without the engine, or raise the SnapError that refuses."""
        if self._policy == "refuse":
            raise refusal(cause) from cause
        self._unchecked += 1
        if self._monotonic() - self._told_at >= LOG_SECONDS:
            _log.warning("state.down", cause=str(cause), unchecked=self._unchecked)
            self._told_at = self._monotonic()
            self._unchecked = 0


class GuardedState:
    """A state for the handlers: while the engine is down, its first answer follows the policy."""

    def __init__(self, state: State, when_down: WhenDown) -> None:
        self._state = state
        self._when_down = when_down

    async def first_seen(self, key: str, ttl_seconds: int, now: datetime) -> datetime | None:
        """As the port has it; when going on without the engine, each time is the first."""
        try:
            return await self._state.first_seen(key, ttl_seconds, now)
        except StateDownError as cause:
            self._when_down.meet(cause)
            return None

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """As the port has it, but refused by SnapError under either policy: a revocation is never lost in silence."""
        try:
            await self._state.revoke(subject, at, ttl_seconds)
        except StateDownError as cause:
            raise refusal(cause) from cause

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """As the port has it; whoever keeps the copy judges its age."""
        return await self._state.revocations(now)

    async def close(self) -> None:
        """As the port has it."""
        await self._state.close()
