"""The state in memory."""

import gc
import sys

from handlers.state.memory import MemoryState
from handlers.state.sweeping import Sweeping
from tests.engines import NOON, SECOND, Uptime, asynchronous


def _size() -> int:
    gc.collect()
    return sys.getallocatedblocks()


@asynchronous
async def test_what_is_over_is_let_go() -> None:
    """Keys and revocations whose time is over take no memory, however many there were."""
    uptime = Uptime()
    state = MemoryState(Sweeping(0, uptime))
    before = _size()
    for number in range(20_000):
        await state.first_seen(f"key{number}", 1, NOON + number * SECOND)
        await state.revoke(f"token:{number}", NOON + number * SECOND, 1)
        await state.revocations(NOON + number * SECOND)
        uptime.pass_seconds(1)
    assert _size() - before < 2_000


@asynchronous
async def test_a_key_that_is_seen_anew() -> None:
    """A key that was seen anew before the first time was swept stays until its new end."""
    uptime = Uptime()
    state = MemoryState(Sweeping(0, uptime))
    await state.first_seen("key", 1, NOON)
    assert await state.first_seen("key", 60, NOON + 2 * SECOND) is None
    uptime.pass_seconds(3)
    assert await state.first_seen("key", 60, NOON + 3 * SECOND) == NOON + 2 * SECOND


@asynchronous
async def test_keys_end_in_the_order_of_their_ends() -> None:
    """A key with a long time does not keep one with a short time, nor is it let go with it."""
    state = MemoryState()
    await state.first_seen("long", 900, NOON)
    await state.first_seen("short", 1, NOON)
    assert await state.first_seen("short", 1, NOON + SECOND) is None
    assert await state.first_seen("long", 900, NOON + 899 * SECOND) == NOON
