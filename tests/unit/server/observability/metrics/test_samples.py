"""Values that others hold."""

import asyncio
from itertools import count

from prometheus_client import CollectorRegistry, Counter, Gauge

from handlers.server.observability.metrics.samples import Samples


def test_gauges_and_counters_follow_their_sources() -> None:
    """A gauge has the last value. A counter rises by what its source rose, and never twice."""
    registry = CollectorRegistry()
    gauge, counter = Gauge("g", "g", registry=registry), Counter("c", "c", registry=registry)
    numbers = {"g": 5, "c": 3}
    samples = Samples()
    samples.watch(lambda: gauge, lambda: numbers["g"])
    samples.count(counter, lambda: numbers["c"])
    samples.take()
    numbers |= {"g": 2, "c": 7}
    samples.take()
    samples.take()
    assert (registry.get_sample_value("g"), registry.get_sample_value("c_total")) == (2, 7)


def test_the_sources_are_read_again_and_again() -> None:
    """Within the block, each source is read without a request, and once more at its end."""
    samples, readings = Samples(), count()
    enough = asyncio.Event()

    def read() -> float:
        if (number := next(readings)) == 1:
            enough.set()
        return number

    async def wait_for_two_readings() -> None:
        async with samples.running(), asyncio.timeout(60):
            await enough.wait()

    gauge = Gauge("g", "g", registry=CollectorRegistry())
    samples.watch(lambda: gauge, read)
    asyncio.run(wait_for_two_readings())
    assert next(readings) == 3  # The third reading was at the end of the block.


def test_a_gauge_does_not_exist_before_its_first_value() -> None:
    """A worker that starts reports no 0 that its sources never had, because the lowest value of all workers counts."""
    registry, samples = CollectorRegistry(), Samples()
    samples.watch(lambda: Gauge("g", "g", registry=registry), lambda: 1)
    assert registry.get_sample_value("g") is None
    samples.take()
    assert registry.get_sample_value("g") == 1
