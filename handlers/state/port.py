"""The port to the state store that instances share. Each engine is a module beside it, and all pass one test suite."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from handlers.snap.token import LIFETIME, revocation_seconds

TIMEOUT_SECONDS = 0.5
"""The longest time for one call, including the time to connect. After it, the state store counts as down."""

ALL_TOKENS = "all"
"""The subject that revokes every token issued up to its time."""

SIGNED_REQUESTS = "signed"
"""The subject that covers every request signed up to its time. The record of those requests may be lost."""

LOSS_SECONDS = revocation_seconds(LIFETIME)
"""How long a loss of data matters. After it, all earlier tokens have expired, and all earlier requests are too old."""

SUSPENDED = "suspended:"
"""The prefix of the client key in the subject of a suspension."""


class StateDownError(Exception):
    """The state store did not answer in time, or answered with an error, which is the cause of this one.

    The store may still have done its work. If it recorded a request and its answer was lost, the client's next attempt
    is a repeat (409 for a call).
    """


class DataLossError(StateDownError):
    """The state store lost data after the client signed this request, so the request may be a repeat."""

    def __init__(self) -> None:
        super().__init__("the state store lost data after this request was signed; a request signed now is accepted")


class State(Protocol):
    """What the server needs from the state store.

    Every time is aware. Every call ends within `TIMEOUT_SECONDS`, or raises StateDownError. The caller gives the time,
    so the clocks of all instances must agree, as timestamps need anyway. Keys and subjects are ASCII and contain no
    secret. Expired records may stay for a while: an engine deletes them when `Sweeping` allows it, because a clock that
    ran ahead must not delete a record that is still needed.
    """

    async def first_seen(
        self, key: str, ttl_seconds: int, now: datetime, signed_at: datetime | None = None
    ) -> datetime | None:
        """Record the key for `ttl_seconds` (at least 1), unless it is recorded already.

        `signed_at` is the request's X-TIMESTAMP, and `now` if there is none.

        The call is atomic: of all calls for one key, in all processes, exactly one gets None. An expired key counts as
        never recorded.

        Returns:
            None if the key is new. Otherwise the time of the first call, in UTC, to the microsecond.

        Raises:
            DataLossError: The engine lost data after `signed_at`.
            StateDownError: The engine did not answer in time, or failed.
        """

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        """Revoke `token:<fingerprint>` or `client:<client key>` from `at` on, until `ttl_seconds` after it.

        If a subject is revoked several times, the latest `at` and the latest end count.
        """

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        """Return the `at` (UTC) of every revocation that has not ended, and of every suspension, by subject.

        The subject of a suspension is `suspended:<client key>`. After a loss of data, `ALL_TOKENS` and
        `SIGNED_REQUESTS` are among the subjects for `LOSS_SECONDS`.
        """

    async def close(self) -> None:
        """Release the engine, whether it is up or down. Nobody uses the state after this."""


class Engine(State, Protocol):
    """What commands need in addition. No request suspends a client."""

    async def suspend(self, client_key: str, at: datetime) -> None:
        """Suspend the client until `resume`. If it is suspended already, the first `at` stays."""

    async def resume(self, client_key: str) -> None:
        """End the client's suspension, if there is one."""
