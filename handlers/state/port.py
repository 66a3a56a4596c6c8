"""The port to the engine that instances share; each engine is a module beside it, and one suite of tests holds all."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from handlers.snap.token import LIFETIME, remembered_seconds

TIMEOUT_SECONDS = 0.5
"""What one call may take, connecting included; after that the engine counts as down."""

ALL = "all"
"""The subject that covers every token that was issued up to its time."""

SIGNED = "signed"
"""The subject that covers every request that was signed up to its time: nobody knows whether those were seen."""

LOSS_SECONDS = remembered_seconds(LIFETIME)
"""How long a loss counts. After that, all earlier tokens have expired, and all earlier requests are too old."""

SUSPENDED = "suspended:"
"""The prefix of the client key in the subject of a suspension."""


class StateDownError(Exception):
    """The engine did not answer, or not in time; its own error is the cause.

    What was asked may have been done all the same: a request whose answer was lost after the engine took it is
    remembered, and the client that sends it again then meets a repeat (409 for a call that is already seen).
    """


class ForgottenError(StateDownError):
    """The engine lost its memory after this request was signed, so nobody knows whether it is a repeat."""

    def __init__(self) -> None:
        super().__init__("the state lost its memory after this was signed; what is signed from now on is served")


class State(Protocol):
    """What a server asks. Every time is aware; every call ends within `TIMEOUT_SECONDS` or raises StateDownError.

    Time is the caller's, so instances need clocks that agree, as they do for timestamps anyway. Keys and subjects
    are ASCII and hold no secret. What has ended may stay for a while: engines delete it when `Sweeping` allows it,
    because a clock that ran ahead must not make them forget.
    """

    async def first_seen(
        self, key: str, ttl_seconds: int, now: datetime, signed_at: datetime | None = None
    ) -> datetime | None:
        """Remember the key for `ttl_seconds` (1 at least), unless it is remembered already.

        `signed_at` is the request's X-TIMESTAMP, `now` if there is none. An engine that lost its memory raises
        ForgottenError for what was signed before.

        None if this is the first time, else the time of the first, UTC, to the microsecond. Of any number of calls
        at once, in whatever process, one alone gets None. A key whose time is over was never seen.
        """

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """Revoke `token:<fingerprint>` or `client:<client key>` from `at` on, until `ttl_seconds` after it.

        Of several for one subject the latest `at` and the latest end are kept.
        """

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """The `at` (UTC) of every subject whose revocation has not ended, and of every suspension.

        A suspension is there as `suspended:<client key>`. An engine that lost its memory has `ALL` and `SIGNED` among
        them, for `LOSS_SECONDS`.
        """

    async def close(self) -> None:
        """Let go of the engine, be it up or down; the state is not used after."""


class Engine(State, Protocol):
    """What an engine also offers, for commands. No request suspends a client."""

    async def suspend(self, client_key: str, at: datetime) -> None:
        """Suspend the client until it is resumed. If it is suspended already, the first `at` stays."""

    async def resume(self, client_key: str) -> None:
        """Lift the client's suspension, if there is one."""
