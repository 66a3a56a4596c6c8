"""The state in memory."""

import gc
import sys

from handlers.state.memory import MemoryState
from tests.engines import NOON, SECOND, asynchronous


def _size() -> int:
    gc.collect()
    return sys.getallocatedblocks()


@asynchronous
async def test_what_is_over_is_let_go() -> None:
    """Keys and revocations whose time is over take no memory, however many there were."""
    state = MemoryState()
    before = _size()
    for number in range(20_000):
        await state.first_seen(f"key{number}", 1, NOON + number * SECOND)
        await state.revoke(f"token:{number}", NOON + number * SECOND, 1)
        await state.revocations(NOON + number * SECOND)
    assert _size() - before < 2_000


@asynchronous
async def test_keys_end_in_the_order_of_their_ends() -> None:
    """A key with a long time does not keep one with a short time, nor is it let go with it."""
    state = MemoryState()
    await state.first_seen("long", 900, NOON)
    await state.first_seen("short", 1, NOON)
    assert await state.first_seen("short", 1, NOON + SECOND) is None
    assert await state.first_seen("long", 900, NOON + 899 * SECOND) == NOON
