"""Counting decisions that were made without the state store."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from handlers.state.port import StateDownError
from handlers.state.unchecked_decisions import UncheckedDecisions
from tests.engines import asynchronous

CAUSE = StateDownError("ConnectionError: refused")
SOON, NEVER = 0.01, 3_600.0


async def _decide(unchecked: UncheckedDecisions, decisions: int, *, meets: int = 1) -> None:
    """Make this number of decisions, each in its own task, as the server does."""

    async def decision() -> None:
        for _ in range(meets):
            unchecked.count(CAUSE)
            await asyncio.sleep(0)

    await asyncio.gather(*(decision() for _ in range(decisions)))


def _counts(log: list[Any]) -> list[int]:
    return [line["unchecked"] for line in log]


@pytest.mark.parametrize("meets", [1, 2])
@asynchronous
async def test_the_first_decision_is_logged_at_once(meets: int) -> None:
    """It counts once, even if it meets the outage several times."""
    with capture_logs() as log:
        await _decide(UncheckedDecisions(NEVER), 1, meets=meets)
    assert log == [{"event": "state.down", "log_level": "warning", "cause": "ConnectionError: refused", "unchecked": 1}]


@asynchronous
async def test_later_decisions_are_logged_together() -> None:
    """Later decisions of one second have one line at its end, even if no more decisions come."""
    unchecked = UncheckedDecisions(SOON)
    with capture_logs() as log:
        await _decide(unchecked, 5)
        while len(log) < 2:  # noqa: ASYNC110  a log has no event
            await asyncio.sleep(SOON)
        assert _counts(log) == [1, 4]
        await asyncio.sleep(3 * SOON)
        await _decide(unchecked, 1)
    assert _counts(log) == [1, 4, 1]


@asynchronous
async def test_close_logs_the_rest() -> None:
    """Decisions that are not in the log yet are logged at the end. If there are none, there is no line."""
    unchecked = UncheckedDecisions(NEVER)
    with capture_logs() as log:
        unchecked.close()
        await _decide(unchecked, 5)
        unchecked.close()
        unchecked.close()
    assert _counts(log) == [1, 4]
