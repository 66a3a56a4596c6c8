"""Whether the state is up, by what requests meet: the log tells when that changes, and readiness follows it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Literal

import structlog

from handlers.state.port import StateDownError

Kind = Literal["read", "write"]

PROBE_SECONDS = 0.5
"""How often a write is tried while writes fail: a load balancer that was told so sends no request that would tell."""

QUIET_SECONDS = 0.25
"""A success counts only so long after the last failure: an engine that fails now and then is down, and no line each."""

_log = structlog.get_logger()


class Availability:
    """The state is down from a failed write until a write succeeds, and from a failed read until a read succeeds.

    A read says nothing of writes: on a full disk, or on a replica, reads go on.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._failed_at: dict[Kind, float] = {}

    @property
    def up(self) -> bool:
        """Whether writes and reads succeed."""
        return not self._failed_at

    def failed(self, kind: Kind, cause: StateDownError) -> None:
        """Take a failure into account; the first one is logged with its cause."""
        if self.up:
            _log.error("state.down", cause=str(cause))
        self._failed_at[kind] = self._monotonic()

    def succeeded(self, kind: Kind) -> None:
        """Take a success into account; the one that ends the outage is logged."""
        if kind in self._failed_at and self._monotonic() - self._failed_at[kind] >= QUIET_SECONDS:
            del self._failed_at[kind]
            if self.up:
                _log.info("state.up")

    @asynccontextmanager
    async def probed(self, write: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
        """Within it `write` is tried twice a second while writes fail. It reports its own outcome."""
        task = asyncio.create_task(self._probe(write))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _probe(self, write: Callable[[], Awaitable[object]]) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            if "write" in self._failed_at:
                with suppress(StateDownError):
                    await write()
