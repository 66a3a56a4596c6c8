"""Whether the state is up, by the outcome of requests. The log says when that changes, and readiness follows it."""

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
"""The time between two writes that are tried while writes fail: a load balancer sends no more requests then."""

QUIET_SECONDS = 0.25
"""A successful write counts only this long after the last failed one. So an engine that fails now and then stays
"down", and makes one line.

Reads need no such time: they come twice a second.
"""

_log = structlog.get_logger()


class Availability:
    """The state is down from a failed write until a write succeeds, and from a failed read until a read succeeds.

    A read says nothing of writes: on a full disk, or on a replica, reads go on.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._down_until: dict[Kind, float] = {}
        """The time by the monotonic clock before which no success counts, for each kind that fails."""

    @property
    def up(self) -> bool:
        """Whether writes and reads succeed."""
        return not self._down_until

    def failed(self, kind: Kind, cause: StateDownError) -> None:
        """Count a failure. The first one is logged with its cause."""
        if self.up:
            _log.error("state.down", cause=str(cause))
        self._down_until[kind] = self._monotonic() + (QUIET_SECONDS if kind == "write" else 0)

    def succeeded(self, kind: Kind) -> None:
        """Count a success. The one that ends the outage is logged."""
        if kind in self._down_until and self._monotonic() >= self._down_until[kind]:
            del self._down_until[kind]
            if self.up:
                _log.info("state.up")

    def probing(self, write: Callable[[], Awaitable[object]]) -> AbstractAsyncContextManager[None]:
        """While the block runs, `write` is tried twice a second as long as writes fail. It reports its own outcome."""
        return running(lambda: self._probe(write))

    async def _probe(self, write: Callable[[], Awaitable[object]]) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            if "write" in self._down_until:
                with suppress(StateDownError):
                    await write()
