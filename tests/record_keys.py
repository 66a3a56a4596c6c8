"""`python -m tests.record_keys URL COUNT` records keys in a state store, many at once, and prints each new one."""

import asyncio
import sys
from datetime import UTC, datetime

from tests.engines import opened

CALLERS = 16
TTL_SECONDS = 900


async def main(url: str, count: int) -> None:
    """Record the keys 0 to `count` - 1 with several concurrent tasks."""
    keys = iter(range(count))
    async with opened(url) as state:

        async def record() -> None:
            for key in keys:
                if await state.first_seen(str(key), TTL_SECONDS, datetime.now(UTC)) is None:
                    print(key, flush=True)  # noqa: T201  the test reads it

        await asyncio.gather(*(record() for _ in range(CALLERS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
