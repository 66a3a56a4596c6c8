"""The state store in memory."""

import gc
import sys

from handlers.state.memory import MemoryState
from handlers.state.sweeping import Sweeping
from tests.engines import NOON, SECOND, Uptime, asynchronous


def _size() -> int:
    gc.collect()
    return sys.getallocatedblocks()


@asynchronous
async def test_expired_records_are_deleted() -> None:
    """Expired keys and revocations use no memory."""
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
async def test_a_key_that_is_recorded_again() -> None:
    """A key that is recorded again before the first record was deleted stays until its new end."""
    uptime = Uptime()
    state = MemoryState(Sweeping(0, uptime))
    await state.first_seen("key", 1, NOON)
    assert await state.first_seen("key", 60, NOON + 2 * SECOND) is None
    uptime.pass_seconds(3)
    assert await state.first_seen("key", 60, NOON + 3 * SECOND) == NOON + 2 * SECOND


@asynchronous
async def test_keys_are_deleted_in_the_order_of_their_ends() -> None:
    """Keys with short and long times do not affect each other."""
    state = MemoryState()
    await state.first_seen("long", 900, NOON)
    await state.first_seen("short", 1, NOON)
    assert await state.first_seen("short", 1, NOON + SECOND) is None
    assert await state.first_seen("long", 900, NOON + 899 * SECOND) == NOON
