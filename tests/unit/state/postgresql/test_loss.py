"""A loss of data in PostgreSQL is noticed, and refuses the requests that it covers."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import pytest
from structlog.testing import capture_logs

from handlers.state.port import ALL_TOKENS, SIGNED_REQUESTS, DataLossError, Engine
from tests.engines import NOON, SECOND, asynchronous, opened
from tests.postgresql_server import PostgresqlServer


@pytest.fixture
def server(emptied_postgresql: Callable[[], PostgresqlServer]) -> PostgresqlServer:
    """The server of all tests, with an empty database."""
    return emptied_postgresql()


_DISCONNECT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'snap-token'"


async def _run(server: PostgresqlServer, states: Iterable[Engine], *statements: str) -> None:
    """Run the statements, and disconnect the instances, as a fail-over does. Wait until they have noticed it."""
    server.sql(*statements, _DISCONNECT)
    while any(map(_is_connected, states)):  # noqa: ASYNC110  the driver tells nobody
        await asyncio.sleep(0)


def _is_connected(state: Any) -> bool:  # noqa: ANN401  only PostgreSQL's state has sessions
    connections = (session._connection for session in (state._writes, state._reads))  # noqa: SLF001  nothing else shows it
    return any(each and not each.is_closed() for each in connections)


@pytest.mark.parametrize(
    "loss",
    [
        "DELETE FROM snap_token.seen WHERE key = 'last'",
        "UPDATE snap_token.seen SET first = first - 1 WHERE key = 'last'",
        "UPDATE snap_token.store SET changes = changes - 1",
        "DROP SCHEMA snap_token CASCADE",
    ],
)
@asynchronous
async def test_the_last_commits_are_missing(server: PostgresqlServer, loss: str) -> None:
    """Requests that were signed before the loss are refused on every instance. A request signed now is accepted."""
    ahead = NOON + 30 * SECOND
    async with opened(server.url) as one, opened(server.url) as other:
        await one.suspend("A", NOON)
        await one.first_seen("last", 60, NOON, ahead)
        await other.revocations(NOON)
        await _run(server, (one, other), loss)
        with capture_logs() as log, pytest.raises(DataLossError):
            await one.first_seen("any", 60, NOON + SECOND, ahead + SECOND)
        assert [line["event"] for line in log] == ["state.replaced"]
        with suppress(DataLossError):  # After the schema was dropped, every instance notices it itself.
            await other.revocations(NOON + SECOND)
        lost = await other.revocations(NOON + SECOND)
        assert (lost[ALL_TOKENS], lost[SIGNED_REQUESTS]) == (NOON + SECOND, ahead + SECOND)
        for state in (one, other):
            with pytest.raises(DataLossError):
                await state.first_seen("last", 60, NOON + 2 * SECOND, ahead)
            assert await state.first_seen(f"{id(state)}", 60, NOON + 2 * SECOND, ahead + 2 * SECOND) is None
        await _run(server, (one, other))
        assert await one.first_seen("new", 60, NOON + 3 * SECOND, ahead + 3 * SECOND) is None


@asynchronous
async def test_a_loss_is_noticed_without_a_new_connection(server: PostgresqlServer) -> None:
    """A read, which comes twice a second, notices a loss too, and a call that waits for its batch is refused."""
    async with opened(server.url) as state:
        await state.first_seen("last", 60, NOON)
        server.sql("TRUNCATE snap_token.seen")
        with pytest.raises(DataLossError):
            await state.revocations(NOON + SECOND)
        with pytest.raises(DataLossError):
            await state.first_seen("last", 60, NOON + SECOND)


@asynchronous
async def test_a_loss_that_is_noticed_while_a_call_waits(server: PostgresqlServer) -> None:
    """If one batch notices a loss, a call that waits for the next batch is refused too."""
    async with opened(server.url) as state:
        await state.first_seen("last", 60, NOON)
        await _run(server, [state], "TRUNCATE snap_token.seen")
        refused = [asyncio.create_task(state.first_seen("other", 60, NOON))]
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # Its batch has started, so the next call waits.
        refused += [asyncio.create_task(state.first_seen("last", 60, NOON))]
        outcomes = await asyncio.gather(*refused, return_exceptions=True)
    assert [type(each) for each in outcomes] == [DataLossError] * 2


@pytest.mark.parametrize("change", ["DELETE FROM snap_token.seen", "UPDATE snap_token.seen SET first = first + 1"])
@asynchronous
async def test_nothing_is_lost(server: PostgresqlServer, change: str) -> None:
    """An expired key may be deleted, or recorded again by another instance. That is no loss."""
    async with opened(server.url) as state:
        await state.first_seen("last", 60, NOON)
        await state.suspend("A", NOON)
        await _run(server, [state])
        assert await state.first_seen("last", 60, NOON + SECOND) == NOON
        await state.revocations(NOON + 60 * SECOND)
        await _run(server, [state], change)
        assert await state.first_seen("new", 60, NOON + 60 * SECOND) is None
