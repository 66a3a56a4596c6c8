"""Values that other parts of the process hold. They are read once a second, and before Prometheus gets its page.

Another worker of this server may answer Prometheus. It knows only what this process has written.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from prometheus_client import Counter, Gauge

from handlers.server.observability.metrics import pending
from handlers.state.background import running

SAMPLE_SECONDS = 1.0
"""Time between two readings."""


class Samples:
    """The sources of gauges and counters."""

    def __init__(self) -> None:
        self._gauges: list[tuple[Callable[[], Gauge], Callable[[], float]]] = []
        self._counters: list[tuple[Counter, Callable[[], int]]] = []
        self._counted: dict[Counter, int] = {}

    def watch(self, gauge: Callable[[], Gauge], read: Callable[[], float]) -> None:
        """Set the gauge to what `read` returns, from the first reading on.

        `gauge` creates it then, because its value before would be 0. Of several workers, the lowest value counts.
        """
        self._gauges.append((gauge, read))

    def count(self, counter: Counter, read: Callable[[], int]) -> None:
        """Raise the counter to what `read` returns, from now on. That number never falls."""
        self._counters.append((counter, read))

    def take(self) -> None:
        """Read all sources. Only the thread of the event loop calls this."""
        pending.flush()
        for gauge, read in self._gauges:
            gauge().set(read())
        for counter, total in self._counters:
            now = total()
            counter.inc(now - self._counted.get(counter, 0))
            self._counted[counter] = now

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Within the block, read all sources once a second. Read them once more at its end, for the other workers."""
        try:
            async with running(self._follow):
                yield
        finally:
            self.take()

    async def _follow(self) -> None:
        while True:
            self.take()
            await asyncio.sleep(SAMPLE_SECONDS)
