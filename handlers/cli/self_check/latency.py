"""How long the state store takes to answer."""

from collections.abc import Awaitable, Callable
from statistics import median
from time import perf_counter

from handlers.cli.self_check.finding import Finding, good, warning
from handlers.state.port import TIMEOUT_SECONDS

ROUND_TRIPS = 7
"""Round trips of which the median counts. The first one also opens the connection."""

SLOW_SECONDS = TIMEOUT_SECONDS / 10
"""A longer median is a warning."""


async def median_seconds(call: Callable[[], Awaitable[object]]) -> float:
    """The median time of several calls, one after the other."""
    seconds = []
    for _ in range(ROUND_TRIPS):
        began = perf_counter()
        await call()
        seconds.append(perf_counter() - began)
    return median(seconds)


def of_latency(seconds: float, name: str, slow_seconds: float = SLOW_SECONDS) -> Finding:
    """A finding about the median. `name` says what was measured."""
    found = f"{name} takes {seconds * 1_000:.1f} ms (median of {ROUND_TRIPS})"
    if seconds > slow_seconds:
        advice = (
            f"the server waits {TIMEOUT_SECONDS * 1_000:.0f} ms at most; bring the state store nearer or make it faster"
        )
        return warning("state.latency", found, advice)
    return good("state.latency", found)
