"""Writes the audit trail of a running server. No request waits for a disk, unless the trail is durable."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import structlog

from handlers.audit.appender import TrailOptions
from handlers.audit.record import Record
from handlers.audit.writer_thread import LONGEST_WRITE_SECONDS, Entry, WriterThread
from handlers.state.background import running

REPORT_SECONDS = 0.25
"""Time between two checks whether the log must report a failure or a loss."""

_log = structlog.get_logger()


class TrailWriter:
    """The audit trail, as requests see it.

    If a line cannot be written, the writer tries again until it succeeds. Meanwhile `up` is false. `continues` says
    that requests are answered then as usual: their lines are lost, and counted. Otherwise, no success leaves.
    """

    def __init__(self, options: TrailOptions, now: Callable[[], datetime], *, continues: bool) -> None:
        """`now` is the clock."""
        self.continues = continues
        self._is_durable = options.durable
        self._thread = WriterThread(options, now, keeps=not continues)
        self._reported_cause: str | None = None
        self._reported_losses = 0

    @property
    def up(self) -> bool:
        """Whether the trail can be written, as far as the last attempt shows."""
        return self._thread.cause is None

    @property
    def lines_written(self) -> int:
        """The number of lines that this process wrote since its start."""
        return self._thread.lines_written

    @property
    def lines_waiting(self) -> int:
        """The number of lines that are not written yet."""
        return self._thread.lines_waiting

    @property
    def lines_lost(self) -> int:
        """The number of lines that were lost since the start."""
        return self._thread.lines_lost

    def put(self, record: Record) -> None:
        """Let the thread write this record. If too many lines wait, it is lost."""
        self._thread.put(Entry(record))

    async def record(self, record: Record, *, is_success: bool) -> bool:
        """Record a decision. If the trail is durable, wait until the line is on disk, but at most for a second.

        Returns False if the decision is a success that must be refused, because it is not recorded.
        """
        must_refuse, is_up = is_success and not self.continues, self.up
        if must_refuse and not is_up:
            return False
        if not (self._is_durable and is_up):
            return self._thread.put(Entry(record)) or not must_refuse
        return await self._is_written(record, is_withdrawn=must_refuse) or not must_refuse

    async def _is_written(self, record: Record, *, is_withdrawn: bool) -> bool:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bool] = loop.create_future()

        def settle(is_written: bool) -> None:  # noqa: FBT001  the only argument of a callback
            with suppress(RuntimeError):  # The loop is closed: the server did not wait for this line any longer.
                loop.call_soon_threadsafe(_settle, answer, is_written)

        if not self._thread.put(Entry(record, settle, is_withdrawn)):
            return False
        try:
            async with asyncio.timeout(LONGEST_WRITE_SECONDS):
                return await answer
        except TimeoutError:
            return False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While the block runs, write. Then write what waits, and sign it."""
        self._thread.start()
        try:
            async with running(self._watch):
                yield
        finally:
            await asyncio.to_thread(self._thread.close)
            self._report()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            self._report()

    def _report(self) -> None:
        """Log what changed since the last report."""
        cause, losses = self._thread.cause, self.lines_lost
        if cause and not self._reported_cause:
            _log.error("audit.down", cause=cause, when_full="continue" if self.continues else "refuse")
        if losses > self._reported_losses:
            _log.error("audit.lost", lines=losses - self._reported_losses)
        if self._reported_cause and not cause:
            _log.warning("audit.up")
        self._reported_cause, self._reported_losses = cause, losses


def _settle(answer: asyncio.Future[bool], is_written: bool) -> None:  # noqa: FBT001  the only value of an answer
    if not answer.done():
        answer.set_result(is_written)
