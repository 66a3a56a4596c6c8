"""One connection to the PostgreSQL server that accepts writes. It is opened again after each failure."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeAlias, TypeVar

import asyncpg

from handlers.state.batches import within_timeout
from handlers.state.port import TIMEOUT_SECONDS, StateDownError
from handlers.state.postgresql.url import PostgresqlUrl

STATEMENT_TIMEOUT = f"{TIMEOUT_SECONDS * 1_000:.0f}ms"
"""PostgreSQL ends a statement after this time, because nobody waits for its result any more."""

PREPARE_SECONDS = 10.0
"""The longest time to prepare a connection. It can include the creation or migration of the tables."""

_SETTINGS = {
    "application_name": "snap-token",
    "statement_timeout": STATEMENT_TIMEOUT,
    # These two can be other in a database or a role. Then honest calls of two instances, or after a pause, would fail.
    "default_transaction_isolation": "read committed",
    "idle_session_timeout": "0",
    # A plan that was made while a table was small stays for hours. So no plan may read the whole table.
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "jit": "off",
    # To plan for a known time, PostgreSQL looks for the oldest row, behind all deleted rows. That took up to 0.5 s.
    "plan_cache_mode": "force_generic_plan",
}

OTHER_HOSTS_SECONDS = 0.1
"""After one host has accepted the connection, the others have this time, so that two primaries are noticed."""

POOLER = "a pooler such as PgBouncer answers at this address, which is not supported; name PostgreSQL itself"

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Result = TypeVar("Result")
_Attempts = Sequence[asyncio.Task[Connection]]


class Session:
    """Does one piece of work at a time. A connection on which work failed is closed, and never used again."""

    def __init__(self, url: PostgresqlUrl, prepare: Callable[[Connection], Awaitable[None]]) -> None:
        """Connect to nothing yet. `prepare` gets each new connection before it is used."""
        self._url = url
        self._prepare = prepare
        self._lock = asyncio.Lock()
        self._connection: Connection | None = None
        self._opening: asyncio.Task[Connection] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def run(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Do the work, and return its result.

        Raises:
            StateDownError: No host accepts a connection and writes.
            Exception: The work failed.
        """
        async with self._lock:
            try:
                return await work(await self._connected())
            except BaseException:
                self._disconnect()
                raise

    async def _connected(self) -> Connection:
        if self._connection and self._connection.is_closed():
            self._disconnect()  # The driver may still hold its socket.
        if self._connection is None:
            self._opening = self._opening or self._start_opening()
            # It goes on if this call has no more time. Otherwise a slow migration would begin again and again.
            return await asyncio.shield(self._opening)
        return self._connection

    def _start_opening(self) -> asyncio.Task[Connection]:
        opening = asyncio.create_task(self._open())
        # If the calls have no more time, nobody else asks for its error.
        opening.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        return opening

    async def _open(self) -> Connection:
        try:
            connection = await within_timeout(connect(self._url))
            try:
                async with asyncio.timeout(PREPARE_SECONDS):
                    await self._prepare(connection)
            except BaseException:
                await _close(connection)
                raise
            self._connection = connection
        finally:
            self._opening = None
        return connection

    def _disconnect(self) -> None:
        """Close the connection in a task of its own, because PostgreSQL may hang."""
        connection, self._connection = self._connection, None
        if connection:
            task = asyncio.create_task(_close(connection))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Close all connections. It takes two times `TIMEOUT_SECONDS` at most."""
        if self._opening:
            self._opening.cancel()
            await asyncio.wait([self._opening])
        self._disconnect()
        await asyncio.gather(*self._closing)


async def _close(connection: Connection) -> None:
    """Tell PostgreSQL to cancel what it still does for this connection, and close it."""
    with suppress(Exception):
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await connection.close()
    connection.terminate()


async def connect(url: PostgresqlUrl) -> Connection:
    """Connect to all hosts at once, and return the one connection that accepts writes. So no host delays another.

    Raises:
        StateDownError: No host accepts a connection and writes, or more than one does.
    """
    attempts = [asyncio.create_task(_connect(dsn)) for dsn in url.dsns]
    chosen = None
    try:
        await _wait_for_one(attempts)
        connected = [each.result() for each in attempts if _succeeded(each)]
        if len(connected) != 1:
            raise StateDownError(_failure(url.hosts, attempts))
        chosen = connected[0]
    finally:
        for each in attempts:
            each.cancel()
            if _succeeded(each) and each.result() is not chosen:
                each.result().terminate()
        await asyncio.wait(attempts)  # A cancelled attempt closes its socket.
    return chosen


async def _connect(dsn: str) -> Connection:
    connection: Connection = await asyncpg.connect(dsn, server_settings=_SETTINGS)
    return connection


async def _wait_for_one(attempts: _Attempts) -> None:
    pending = set(attempts)
    while pending and not any(map(_succeeded, attempts)):
        _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    if pending:
        await asyncio.wait(pending, timeout=OTHER_HOSTS_SECONDS)


def _succeeded(attempt: asyncio.Task[Connection]) -> bool:
    return attempt.done() and not attempt.cancelled() and attempt.exception() is None


def _failure(hosts: Sequence[str], attempts: _Attempts) -> str:
    """Return what is wrong with the hosts, or that several of them accept writes. It contains no password."""
    writable = [host for host, attempt in zip(hosts, attempts, strict=True) if _succeeded(attempt)]
    if writable:
        return f"{' and '.join(writable)} both accept writes, so they are not one database; stop the wrong one"
    return "; ".join(f"{host}: {_cause(each.exception())}" for host, each in zip(hosts, attempts, strict=True))


def _cause(error: BaseException | None) -> str:
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        return "it accepts no writes, because it is a standby or read-only"
    if "startup parameter" in str(error):
        return POOLER
    return f"{type(error).__name__}: {error}"
