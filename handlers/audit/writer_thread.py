"""The thread that writes the audit trail in batches. All lines of a batch share one write, and one flush."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Event, Thread

import structlog

from handlers.audit.appender import Appender, AppendError, TrailOptions
from handlers.audit.compression import compress_closed_files
from handlers.audit.record import TRAIL_RESUMED, Record, render_time

MOST_LINES = 10_000
"""Maximum number of lines that wait to be written. Further lines are lost."""

LONGEST_WRITE_SECONDS = 1.0
"""A write that takes longer counts as failed until it ends."""

RETRY_SECONDS = 0.25
"""Time between two attempts to write after a failure."""

_GATHER_SECONDS = 0.02
"""Time to collect more lines for one write, if no answer waits. A wake-up for each line would cost more CPU time."""

_IDLE_SECONDS = 10.0
"""Time between two checks whether a new hour has begun, so that the lines of each hour are signed soon after it."""

_DRAIN_SECONDS = 5.0
"""A busy disk may need seconds for a flush. After the running requests, this ends before the process is cut off."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Entry:
    """A record that waits to be written.

    `settle` gets whether it was written. `is_withdrawn` says that the record is dropped if it cannot be written,
    because then the request is refused.
    """

    record: Record
    settle: Callable[[bool], None] | None = None
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class _Outage:
    since: datetime
    cause: str


class WriterThread:
    """Writes entries. After a failure it tries again until a write succeeds.

    Meanwhile, entries wait if `keeps` is true. Otherwise they are lost, and counted.
    """

    def __init__(self, options: TrailOptions, now: Callable[[], datetime], *, keeps: bool) -> None:
        """`now` is the clock."""
        self.lines_written = 0
        self._options = options
        self._now = now
        self._keeps = keeps
        self._appender = Appender(options, now)
        self._queue: SimpleQueue[Entry | None] = SimpleQueue()
        self._unwritten: list[Entry] = []
        self._outage: _Outage | None = None
        self._busy_since: float | None = None
        self._rejected = self._failed = self._recorded_losses = 0
        self._is_closing = Event()
        self._file = self._appender.file
        self._thread = Thread(target=self._work, name="audit", daemon=True)

    @property
    def cause(self) -> str | None:
        """Why the trail cannot be written. None if the last write succeeded, and the current one is not too slow."""
        if self._outage:
            return self._outage.cause
        busy_since = self._busy_since
        if busy_since is not None and time.monotonic() - busy_since > LONGEST_WRITE_SECONDS:
            return f"a write takes more than {LONGEST_WRITE_SECONDS:g} s"
        return None

    @property
    def lines_waiting(self) -> int:
        """The number of lines that are not written yet."""
        return self._queue.qsize() + len(self._unwritten)

    @property
    def lines_lost(self) -> int:
        """The number of lines that were lost since the start."""
        return self._rejected + self._failed

    def put(self, entry: Entry) -> bool:
        """Queue an entry. If too many wait, it is lost, and the result is false."""
        if self.lines_waiting < MOST_LINES:
            self._queue.put(entry)
            return True
        self._rejected += 1
        return False

    def start(self) -> None:
        """Start to write."""
        self._thread.start()

    def close(self) -> None:
        """Write what waits, and sign it. Wait for this at most `_DRAIN_SECONDS`. What is not written then is lost."""
        self._is_closing.set()
        self._queue.put(None)
        self._thread.join(_DRAIN_SECONDS)
        self._rejected += self.lines_waiting

    def _work(self) -> None:
        while not self._is_closing.is_set():
            self._handle(self._take())
        self._handle(self._queued())
        if self._file:
            self._attempt(self._appender.sign)

    def _take(self) -> list[Entry]:
        """Take everything from the queue. Wait until it has at least one entry, or until there is something to do."""
        if self._outage:
            self._is_closing.wait(RETRY_SECONDS)
            return self._queued()
        try:
            first = self._queue.get(timeout=_IDLE_SECONDS)
        except Empty:
            return []
        if not self._options.durable:
            self._is_closing.wait(_GATHER_SECONDS)
        return [*([first] if first else []), *self._queued()]

    def _queued(self) -> list[Entry]:
        return [entry for entry in (self._queue.get() for _ in range(self._queue.qsize())) if entry]

    def _handle(self, batch: Sequence[Entry]) -> None:
        entries = [*self._unwritten, *batch]
        written = self._write([entry.record for entry in entries]) if self._resume() else 0
        missing = entries[written:]
        for entry in batch:
            if entry.settle:
                entry.settle(self._outage is None)
        self._unwritten = [replace(entry, settle=None) for entry in missing if self._keeps and not entry.is_withdrawn]
        self._failed += 0 if self._keeps else len(missing)

    def _write(self, records: Sequence[Record]) -> int:
        """Write the records, and return how many of them are in the trail."""
        if not records and self._file is None:
            return 0
        error = self._attempt(lambda: self._appender.append(records))
        written = error.written if error else len(records)
        self.lines_written += written
        self._compress_after_rotation()
        return written

    def _resume(self) -> bool:
        """After a failure or a loss, write a line about it, so that the trail itself shows the gap.

        Returns whether the trail can be written now.
        """
        outage, losses = self._outage, self.lines_lost
        if outage is None and losses == self._recorded_losses:
            return True
        fields = {
            "since": render_time(outage.since) if outage else None,
            "cause": outage.cause if outage else None,
            "lines_lost": losses - self._recorded_losses,
        }
        record = Record(TRAIL_RESUMED, self._now(), fields)
        error = self._attempt(lambda: self._appender.append([record]))
        if error is None or error.written:
            self._recorded_losses = losses
        if error:
            return False
        self._outage = None
        return True

    def _attempt(self, write: Callable[[], None]) -> AppendError | None:
        """Write, and return the error if it failed. Then an outage begins, or goes on."""
        self._busy_since = time.monotonic()
        try:
            write()
        except AppendError as error:
            failure = error
        except Exception as error:  # noqa: BLE001  the thread must not end, because then nothing would be written
            failure = AppendError(repr(error))
        else:
            return None
        finally:
            self._busy_since = None
        self._outage = self._outage or _Outage(self._now(), str(failure))
        return failure

    def _compress_after_rotation(self) -> None:
        """Compress the closed files in another thread, because a large file takes seconds."""
        if self._appender.file != self._file:
            self._file = self._appender.file
            try:
                Thread(target=self._compress, name="audit-compression", daemon=True).start()
            except RuntimeError as error:  # The process may not have more threads.
                _log.error("audit.not_compressed", cause=str(error))

    def _compress(self) -> None:
        try:
            compress_closed_files(self._options.folder, self._options.group)
        except OSError as error:
            _log.error("audit.not_compressed", cause=error.strerror or str(error))
