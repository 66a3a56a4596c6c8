"""Ends the process in time, even if it hangs on a disk, a lock or a pipe."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from socket import socket, socketpair
from time import monotonic

import structlog

LONGEST_END_SECONDS = 13.0
"""Time limit from the signal, or from the end of the drain, to the exit.

Writing the log can take 2 more, so the process ends within 15 seconds.
"""

LAST_THREADS_SECONDS = 1.0
"""Time limit for threads that still run after all requests are answered and all listeners are closed."""

_STOP_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM})

_log = structlog.get_logger()


class ExitDeadline:
    """Ends a process that received a stop signal, or finished its work, but does not exit by itself."""

    def __init__(self, drain: Callable[[], None], exit_process: Callable[[int], object]) -> None:
        """`drain` writes the rest of the log. `exit_process` ends the process at once with an exit status."""
        self._drain = drain
        self._exit_process = exit_process
        self._is_started = False
        self._due = inf
        self._timers: list[threading.Timer] = []

    def start(self, drain_seconds: int = 0) -> None:
        """Start the time limit of `LONGEST_END_SECONDS` after the drain. The exit status becomes 0.

        A further call counts only if its time limit ends earlier.
        """
        self._is_started = True
        self._exit_after(drain_seconds + LONGEST_END_SECONDS)

    def shorten(self) -> None:
        """Reduce the time limit to `LAST_THREADS_SECONDS`. Call it when all is answered and closed."""
        self._exit_after(LAST_THREADS_SECONDS)

    def _exit_after(self, seconds: float) -> None:
        due = monotonic() + seconds
        if due >= self._due:
            return
        self._due = due
        timer = threading.Timer(seconds, self._exit)
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    def _exit(self) -> None:
        _log.error("server.cut_off", threads=_running_threads())
        self._drain()
        self._exit_process(0 if self._is_started else 1)

    def cancel(self) -> None:
        """Stop the timers, because the process ends by itself."""
        for timer in self._timers:
            timer.cancel()


@contextmanager
def exit_deadline(
    drain: Callable[[], None], exit_process: Callable[[int], object] = os._exit
) -> Iterator[ExitDeadline]:
    """While the block runs, SIGINT and SIGTERM start the deadline."""
    deadline = ExitDeadline(drain, exit_process)
    try:
        with _watch_signals(deadline.start):
            yield deadline
    finally:
        deadline.cancel()


@contextmanager
def _watch_signals(on_stop: Callable[[], None]) -> Iterator[None]:
    """Watch for signals in a thread, because no signal handler runs while the main thread hangs in a system call."""
    reader, writer = socketpair()
    writer.setblocking(False)  # noqa: FBT003  the standard library's signature
    before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    thread = threading.Thread(target=_read_signals, args=(reader, on_stop), name="signals", daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        writer.close()
        thread.join()


def _read_signals(reader: socket, on_stop: Callable[[], None]) -> None:
    with reader:
        while number := reader.recv(1):
            if number[0] in _STOP_SIGNALS:
                on_stop()


def _running_threads() -> list[str]:
    """The names of the threads that keep the process from exiting."""
    return [thread.name for thread in threading.enumerate() if not thread.daemon]
