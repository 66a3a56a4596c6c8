"""The port to the engine that instances share; each engine is a module beside it, and one suite of tests holds all."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

TIMEOUT_SECONDS = 0.5
"""What one call may take, connecting included; after that the engine counts as down."""

SUSPENDED = "suspended:"
"""What stands before the client key of a suspension."""


class StateDownError(Exception):
    """The engine did not answer, or not in time; its own error is the cause.

    What was asked may have been done all the same: a request whose answer was lost after the engine took it is
    remembered, and the client that sends it again then meets a repeat (409 for a call that is already seen).
    """


class State(Protocol):
    """What a server asks. Every time is aware; every call ends within `TIMEOUT_SECONDS` or raises StateDownError.

    Time is the caller's, so instances need clocks that agree, as they do for timestamps anyway. Keys and subjects
    are ASCII and hold no secret.
    """

    async def first_seen(self, key: str, ttl_seconds: int, now: datetime) -> datetime | None:
        """Remember the key for `ttl_seconds` (1 at least), unless it is remembered already.

        None if this is the first time, else the time of the first, UTC, to the microsecond. Of any number of calls
        at once, in whatever process, one alone gets None. A key whose time is over was never seen.
        """

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """Revoke `token:<fingerprint>` or `client:<client key>` from `at` on, until `ttl_seconds` after it.

        Of several for one subject the latest `at` and the latest end are kept.
        """

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """The `at` (UTC) of every subject whose revocation has not ended, and of every suspension.

        A suspension is there as `suspended:<client key>`.
        """

    async def close(self) -> None:
        """Let go of the engine, be it up or down; the state is not used after."""


class Engine(State, Protocol):
    """What an engine offers besides, for commands: no request suspends a client."""

    async def suspend(self, client_key: str, at: datetime) -> None:
        """Suspend the client until it is resumed; of several suspensions the first `at` is kept."""

    async def resume(self, client_key: str) -> None:
        """Lift the client's suspension, if there is one."""
