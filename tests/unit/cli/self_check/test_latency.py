"""The finding about the latency of the state store."""

import asyncio

from handlers.cli.self_check.latency import ROUND_TRIPS, SLOW_SECONDS, median_seconds, of_latency
from handlers.state.port import TIMEOUT_SECONDS


def test_the_median_of_several_calls_counts() -> None:
    """Each call is made, one after the other, and their median is a time."""
    calls: list[None] = []

    async def call() -> None:
        calls.append(None)

    assert asyncio.run(median_seconds(call)) >= 0
    assert len(calls) == ROUND_TRIPS


def test_a_tenth_of_the_time_out_is_slow() -> None:
    """A median above a tenth of the time-out is a warning. The text has milliseconds."""
    slow = of_latency(SLOW_SECONDS + 0.0001, "a commit")
    assert SLOW_SECONDS == TIMEOUT_SECONDS / 10
    assert (slow.severity, slow.found) == ("warning", "a commit takes 50.1 ms (median of 7)")
    assert slow.advice == "the server waits 500 ms at most; bring the state store nearer or make it faster"
    assert of_latency(SLOW_SECONDS, "a commit").severity == "good"
