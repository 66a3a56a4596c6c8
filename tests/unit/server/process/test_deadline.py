"""A deadline that moves."""

import asyncio

import pytest

from handlers.server.process.deadline import Deadline


async def _ends(*moves: float) -> float:
    """The time when the deadline passed after these moves."""
    loop, passed = asyncio.get_running_loop(), asyncio.Event()
    deadline = Deadline(loop, passed.set)
    for seconds in moves:
        deadline.move(seconds)
    begun = loop.time()
    await passed.wait()
    return loop.time() - begun


@pytest.mark.parametrize("moves", [(0.02,), (0.001, 0.02)], ids=["set", "moved on"])
def test_it_passes_when_it_was_last_set(moves: tuple[float, ...]) -> None:
    """The deadline passes once, at the time of its last move."""
    assert asyncio.run(_ends(*moves)) >= 0.019


@pytest.mark.parametrize("end", [Deadline.stop, Deadline.cancel], ids=["stopped", "cancelled"])
def test_a_stopped_deadline_does_not_pass(end: object) -> None:
    """A stopped or cancelled deadline does not pass."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        passed: list[str] = []
        ended, other = Deadline(loop, lambda: passed.append("ended")), asyncio.Event()
        ended.move(0.001)
        assert callable(end)
        end(ended)
        later = Deadline(loop, other.set)
        later.move(0.01)
        await other.wait()
        assert not passed

    asyncio.run(main())
