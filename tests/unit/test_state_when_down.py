"""What becomes of a request while the engine is down."""

import pytest
from structlog.testing import capture_logs

from handlers.snap.codes import EXTERNAL_SERVER_ERROR, SnapError
from handlers.state.port import StateDownError
from handlers.state.when_down import GuardedState, Policy, WhenDown
from tests.engines import NOON, Breaking, asynchronous

POLICIES = pytest.mark.parametrize("policy", ["refuse", "continue"])


@pytest.fixture
def engine() -> Breaking:
    return Breaking()


@POLICIES
@asynchronous
async def test_nothing_changes_while_it_is_up(engine: Breaking, policy: Policy) -> None:
    """Under either policy the engine's answers are passed on as they are, and nothing is logged."""
    state = GuardedState(engine, WhenDown(policy))
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
    assert error.code.of_service("73") == "5007302"
    assert error.headers == {"Retry-After": "1"}
    assert error.reason == "state.down"
    assert error.facts == {"cause": "ConnectionError: refused"}
    assert isinstance(error.__cause__, StateDownError)


@asynchronous
async def test_refusing(engine: Breaking) -> None:
    """The request is refused as 500 02 with Retry-After, and its own audit line says why: no other is written."""
    state = GuardedState(engine, WhenDown("refuse"))
    engine.up = False
    with capture_logs() as log:
        for _ in range(3):
            with pytest.raises(SnapError) as refusal:
                await state.first_seen("key", 60, NOON)
            _assert_external_server_error(refusal.value)
    assert log == []
    engine.up = True
    assert await state.first_seen("key", 60, NOON) is None


@asynchronous
async def test_going_on(engine: Breaking) -> None:
    """Each request counts as the first; one line a second says how many went on unchecked."""
    seconds = [0.0]
    state = GuardedState(engine, WhenDown("continue", lambda: seconds[0]))
    engine.up = False
    with capture_logs() as log:
        for seconds[0] in (0.0, 0.1, 0.999, 1.0, 1.5, 3.0):
            assert await state.first_seen("key", 60, NOON) is None
    line = {"event": "state.down", "log_level": "warning", "cause": "ConnectionError: refused"}
    assert log == [line | {"unchecked": number} for number in (1, 3, 2)]


@POLICIES
@asynchronous
async def test_a_revocation_is_never_lost_in_silence(engine: Breaking, policy: Policy) -> None:
    """Whoever revokes is told when it did not reach the engine, even where requests go on."""
    state = GuardedState(engine, WhenDown(policy))
    engine.up = False
    with pytest.raises(SnapError) as refusal:
        await state.revoke("client:A", NOON, 60)
    _assert_external_server_error(refusal.value)


@POLICIES
@asynchronous
async def test_reading_revocations_is_not_judged_here(engine: Breaking, policy: Policy) -> None:
    """A read that fails is told as it is: the age of the copy decides."""
    engine.up = False
    with pytest.raises(StateDownError):
        await GuardedState(engine, WhenDown(policy)).revocations(NOON)
