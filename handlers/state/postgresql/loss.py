"""Notices that PostgreSQL lost data: it was restored from a backup, or a standby took over without the last commits.

PostgreSQL can lose only its last commits, never one before another. So if an instance finds its own last commit, all
earlier ones are there too. It looks for that commit on each new connection, and twice a second.

Commands also write revocations and suspensions, and then end. So a counter in the database counts these writes.
"""

from dataclasses import dataclass

import asyncpg
import structlog

from handlers.state.microseconds import SECOND
from handlers.state.port import ALL_TOKENS, LOSS_SECONDS, SIGNED_REQUESTS, DataLossError
from handlers.state.postgresql.session import Connection

REVOKE = """INSERT INTO snap_token.revoked AS old (subject, at, until) VALUES ($1, $2, $3)
    ON CONFLICT (subject) DO UPDATE SET at = greatest(old.at, excluded.at), until = greatest(old.until, excluded.until)
"""

_READ = """SELECT number, changes, (SELECT first FROM snap_token.seen WHERE key = $1) AS first FROM snap_token.store"""
_COUNT = "UPDATE snap_token.store SET changes = greatest(changes, $1) + 1 RETURNING changes"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Mark:
    """The last key that this instance recorded. Times are in microseconds since 1970."""

    key: str
    first: int
    until: int


class DataLoss:
    """What this instance knows to be in the database, and the requests that a loss of data covers.

    Times are in microseconds since 1970. `now` is the latest time of the callers.
    """

    def __init__(self) -> None:
        self.now = self._latest_signed = self._lost_until = 0
        self.last_mark: Mark | None = None
        self._number: object = None
        self._changes = 0

    def require_none_since(self, signed: int) -> None:
        """Note the time of a request.

        Raises:
            DataLossError: Data was lost after the request was signed.
        """
        self._latest_signed = max(self._latest_signed, signed)
        if signed <= self._lost_until:
            raise DataLossError

    def cover(self, signed_until: int) -> None:
        """Cover all requests that were signed up to this time. Another instance noticed a loss."""
        self._lost_until = max(self._lost_until, signed_until)

    def note_change(self, count: int) -> None:
        """Note the number of changes after a revocation, a suspension or its end."""
        self._changes = max(self._changes, count)

    async def check(self, connection: Connection) -> None:
        """Look for the last commits that this instance knows.

        Raises:
            DataLossError: One of them is missing. All tokens that were issued until now are revoked.
        """
        mark, number, changes = self.last_mark, self._number, self._changes
        (row,) = await connection.fetch(_READ, mark.key if mark else "")
        is_other = number is not None and row["number"] != number
        if is_other or row["changes"] < changes or (mark and self._is_missing(mark, row)):
            await self._record(connection)
            raise DataLossError
        self._number = row["number"]
        self.note_change(row["changes"])

    def _is_missing(self, mark: Mark, row: asyncpg.Record) -> bool:
        """Whether the mark should be there. Another call may replace an expired mark, and sweeping may delete it."""
        return mark.until > self.now and row["first"] != mark.first

    async def _record(self, connection: Connection) -> None:
        """Revoke all tokens issued until now, and cover all requests signed until now.

        Clients may be ahead of us, so the latest X-TIMESTAMP counts too. The counter rises above what this instance
        knew, so that later changes hide the loss from no other instance.
        """
        self.cover(max(self.now, self._latest_signed))
        async with connection.transaction():
            for subject, at in ((ALL_TOKENS, self.now), (SIGNED_REQUESTS, self._lost_until)):
                await connection.execute(REVOKE, subject, at, at + LOSS_SECONDS * SECOND)
            self._changes = await connection.fetchval(_COUNT, self._changes)
        self._number = self.last_mark = None
        _log.error("state.replaced", cause="PostgreSQL lost recorded data", lost=True)
