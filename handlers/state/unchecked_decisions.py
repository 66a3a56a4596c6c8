"""How many decisions were made without the state. Each is counted once, and logged."""

import asyncio
from typing import Any
from weakref import WeakSet

import structlog

from handlers.state.port import StateDownError

LOG_SECONDS = 1.0
"""One line at the most in this time."""

_log = structlog.get_logger()


class UncheckedDecisions:
    """Logs the first decision at once, and later ones together, at the end of each second."""

    def __init__(self, log_seconds: float = LOG_SECONDS) -> None:
        self._log_seconds = log_seconds
        self._decisions: WeakSet[asyncio.Task[Any]] = WeakSet()
        self._untold = 0
        self._cause: StateDownError
        self._timer: asyncio.TimerHandle | None = None

    def count(self, cause: StateDownError) -> None:
        """Count the request that is under way, once. Each request has a task of its own."""
        decision = asyncio.current_task()
        if decision is None or decision in self._decisions:
            return
        self._decisions.add(decision)
        self._untold += 1
        self._cause = cause
        if self._timer is None:
            self._tell_each_second()

    def _tell_each_second(self) -> None:
        self._timer = None
        if self._untold:
            self._tell()
            self._timer = asyncio.get_running_loop().call_later(self._log_seconds, self._tell_each_second)

    def _tell(self) -> None:
        _log.warning("state.down", cause=str(self._cause), unchecked=self._untold)
        self._untold = 0

    def close(self) -> None:
        """Log the rest: no more will come."""
        if self._timer:
            self._timer.cancel()
        if self._untold:
            self._tell()
