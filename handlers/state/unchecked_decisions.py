"""Counts decisions that were made without the state store, and logs how many there were."""

import asyncio
from typing import Any
from weakref import WeakSet

import structlog

from handlers.state.port import StateDownError

LOG_SECONDS = 1.0
"""The shortest time between two lines."""

_log = structlog.get_logger()


class UncheckedDecisions:
    """Logs the first decision at once, and later ones together, once a second."""

    def __init__(self, log_seconds: float = LOG_SECONDS) -> None:
        self._log_seconds = log_seconds
        self._decisions: WeakSet[asyncio.Task[Any]] = WeakSet()
        self._unlogged = 0
        self._cause: StateDownError
        self._timer: asyncio.TimerHandle | None = None

    def count(self, cause: StateDownError) -> None:
        """Count the current request, but only once. Each request has its own task."""
        decision = asyncio.current_task()
        if decision is None or decision in self._decisions:
            return
        self._decisions.add(decision)
        self._unlogged += 1
        self._cause = cause
        if self._timer is None:
            self._log_each_second()

    def _log_each_second(self) -> None:
        self._timer = None
        if self._unlogged:
            self._log()
            self._timer = asyncio.get_running_loop().call_later(self._log_seconds, self._log_each_second)

    def _log(self) -> None:
        _log.warning("state.down", cause=str(self._cause), unchecked=self._unlogged)
        self._unlogged = 0

    def close(self) -> None:
        """Log the rest. Nobody counts decisions after this."""
        if self._timer:
            self._timer.cancel()
        if self._unlogged:
            self._log()
