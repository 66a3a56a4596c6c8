"""Whether the state store is up, judged by the outcome of requests. Readiness and the log follow it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Literal

import structlog

from handlers.state.background import running
from handlers.state.port import StateDownError

Kind = Literal["read", "write"]

PROBE_SECONDS = 0.5
"""The time between two probe writes while writes fail. A load balancer sends no requests then, so none would notice."""

QUIET_SECONDS = 0.25
"""A successful write counts only this long after the last failed one. So a store that fails now and then stays "down",
and the log has one line.

A read needs no quiet time, because the server reads only twice a second.
"""

_log = structlog.get_logger()


class Availability:
    """The store is down from a failed write until a write succeeds, and from a failed read until a read succeeds.

    A successful read does not end an outage of writes: with a full disk, or on a replica, reads still succeed.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._down_until: dict[Kind, float] = {}
        """For each kind that fails: the time on the monotonic clock before which no success counts."""

    @property
    def up(self) -> bool:
        """Whether both writes and reads succeed."""
        return not self._down_until

    def record_failure(self, kind: Kind, cause: StateDownError) -> None:
        """Record a failure. The log gets the first failure of an outage, with its cause."""
        if self.up:
            _log.error("state.down", cause=str(cause))
        self._down_until[kind] = self._monotonic() + (QUIET_SECONDS if kind == "write" else 0)

    def record_success(self, kind: Kind) -> None:
        """Record a success. The log gets the success that ends an outage."""
        if kind in self._down_until and self._monotonic() >= self._down_until[kind]:
            del self._down_until[kind]
            if self.up:
                _log.info("state.up")

    def probing(self, write: Callable[[], Awaitable[object]]) -> AbstractAsyncContextManager[None]:
        """Within the block, call `write` twice a second while writes fail. `write` records its own outcome."""
        return running(lambda: self._probe(write))

    async def _probe(self, write: Callable[[], Awaitable[object]]) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            if "write" in self._down_until:
                with suppress(StateDownError):
                    await write()
