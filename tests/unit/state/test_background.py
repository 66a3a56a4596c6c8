"""Work that runs while a block of code runs."""

import asyncio

from handlers.state.background import running
from tests.engines import asynchronous


@asynchronous
async def test_the_work_runs_while_the_block_does_and_has_ended_after_it() -> None:
    """The work starts with the block. After the block, the work is cancelled and has ended."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.set()

    async with running(work):
        await begun.wait()
        assert not ended.is_set()
    assert ended.is_set()


@asynchronous
async def test_nothing_begins_before_the_block() -> None:
    """Without the block, the work never starts, and no coroutine stays without an await."""
    begun = []

    async def work() -> None:
        begun.append("begun")

    running(work)
    await asyncio.sleep(0)
    assert not begun
