"""How requests are handled while the state store is down."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from itertools import count

import pytest
from structlog.testing import capture_logs

from handlers.snap.codes import EXTERNAL_SERVER_ERROR, SnapError
from handlers.state.outage import GuardedState, OutageAction, OutagePolicy
from handlers.state.port import StateDownError
from tests.engines import NOON, BreakableState, asynchronous

POLICIES = pytest.mark.parametrize("policy", ["refuse", "continue"])


@pytest.fixture
def engine() -> BreakableState:
    return BreakableState()


@POLICIES
@asynchronous
async def test_nothing_changes_while_it_is_up(engine: BreakableState, policy: OutageAction) -> None:
    """Both policies return the store's answers unchanged, and log nothing."""
    state = GuardedState(engine, OutagePolicy(policy))
    with capture_logs() as log:
        assert await state.first_seen("key", 60, NOON) is None
        assert await state.first_seen("key", 60, NOON) == NOON
        await state.revoke("client:A", NOON, 60)
        assert await state.revocations(NOON) == {"client:A": NOON}
        await state.close()
    assert log == []
    assert engine.closed


def _assert_external_server_error(error: SnapError) -> None:
    assert error.code is EXTERNAL_SERVER_ERROR
    assert error.code.response_code("73") == "5007302"
    assert error.headers == {"Retry-After": "1"}
    assert error.reason == "state.down"
    assert error.log_fields == {"cause": "ConnectionError: refused"}
    assert isinstance(error.__cause__, StateDownError)


@asynchronous
async def test_refusing(engine: BreakableState) -> None:
    """Every request gets 500 02 with Retry-After. The log has a line at the start and at the end of the outage."""
    outage_policy = OutagePolicy("refuse", count().__next__)
    state = GuardedState(engine, outage_policy)
    engine.up = False
    with capture_logs() as log:
        for _ in range(3):
            with pytest.raises(SnapError) as refusal:
                await state.first_seen("key", 60, NOON)
            _assert_external_server_error(refusal.value)
        assert not outage_policy.availability.up
        engine.up = True
        assert await state.first_seen("key", 60, NOON) is None
    assert [line["event"] for line in log] == ["state.down", "state.up"]
    assert outage_policy.availability.up


@asynchronous
async def test_a_request_from_before_a_loss(engine: BreakableState) -> None:
    """A request from before a loss of data is refused, and the store still counts as up."""
    outage_policy = OutagePolicy("refuse")
    engine.forgotten = True
    with pytest.raises(SnapError) as refusal:
        await GuardedState(engine, outage_policy).first_seen("key", 60, NOON)
    assert refusal.value.reason == "state.down"
    assert outage_policy.availability.up


@asynchronous
async def test_continuing(engine: BreakableState) -> None:
    """Every request counts as the first of its kind, and as an unchecked decision."""
    outage_policy = OutagePolicy("continue")
    state = GuardedState(engine, outage_policy)
    engine.up = False
    with capture_logs() as log:
        assert await asyncio.gather(*(state.first_seen("key", 60, NOON) for _ in range(3))) == [None] * 3
        await state.close()
    line = {"event": "state.down", "cause": "ConnectionError: refused"}
    assert log == [
        line | {"log_level": "error"},
        line | {"log_level": "warning", "unchecked": 1},
        line | {"log_level": "warning", "unchecked": 2},
    ]


@asynchronous
async def test_neither_a_repeat_nor_a_read_ends_an_outage(engine: BreakableState) -> None:
    """A repeat or a read can succeed without writing, so only the next write ends the outage."""
    outage_policy = OutagePolicy("refuse", count().__next__)
    state = GuardedState(engine, outage_policy)
    await state.first_seen("key", 60, NOON)
    outage_policy.availability.record_failure("write", StateDownError("full"))
    assert await state.first_seen("key", 60, NOON) == NOON
    await state.revocations(NOON)
    assert not outage_policy.availability.up
    await state.revoke("client:A", NOON, 60)
    assert outage_policy.availability.up


@POLICIES
@asynchronous
async def test_the_outage_ends_without_a_request(engine: BreakableState, policy: OutageAction) -> None:
    """While writes fail, the server itself probes with a write that counts nowhere."""
    outage_policy = OutagePolicy(policy, count().__next__)
    state = GuardedState(engine, outage_policy)
    with capture_logs() as log:
        async with state.probing(lambda: NOON):
            engine.up = False
            with pytest.raises(SnapError):
                await state.revoke("client:A", NOON, 60)
            await engine.writes.get()
            assert not outage_policy.availability.up
            engine.up = True
            await engine.writes.get()
            await asyncio.sleep(0)
            assert outage_policy.availability.up
    assert [line["event"] for line in log] == ["state.down", "state.up"]
    assert not any("unchecked" in line for line in log)


class Hanging(BreakableState):
    """An engine that never answers."""

    async def revoke(self, *_: object) -> None:
        await asyncio.Event().wait()

    async def revocations(self, *_: object) -> Mapping[str, datetime]:
        await asyncio.Event().wait()
        raise AssertionError


@asynchronous
async def test_no_call_waits_long_for_an_engine_that_hangs() -> None:
    """Revoking and reading end in time for every engine, and count as failures."""
    outage_policy = OutagePolicy("continue")
    state = GuardedState(Hanging(), outage_policy)
    with pytest.raises(SnapError, match=r"state\.down"):
        await state.revoke("client:A", NOON, 60)
    with pytest.raises(StateDownError, match="no answer within"):
        await state.revocations(NOON)
    assert not outage_policy.availability.up


@POLICIES
@asynchronous
async def test_a_revocation_that_fails_is_refused(engine: BreakableState, policy: OutageAction) -> None:
    """The caller gets an error under both policies."""
    state = GuardedState(engine, OutagePolicy(policy))
    engine.up = False
    with pytest.raises(SnapError) as refusal:
        await state.revoke("client:A", NOON, 60)
    _assert_external_server_error(refusal.value)


@POLICIES
@asynchronous
async def test_a_failed_read_of_revocations_is_raised(engine: BreakableState, policy: OutageAction) -> None:
    """A failed read raises its error, because the age of the copy decides."""
    engine.up = False
    with pytest.raises(StateDownError):
        await GuardedState(engine, OutagePolicy(policy)).revocations(NOON)
