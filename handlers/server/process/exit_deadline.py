"""The process ends in time, even if something hangs: a disk, a lock, a pipe that nobody writes."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import socket, socketpair

import structlog

LONGEST_END_SECONDS = 13.0
"""From the signal on. Writing the log may take two more, so the process ends within 15."""

REST_SECONDS = 1.0
"""For threads that still run when all is answered and closed."""

_STOPS = frozenset({signal.SIGINT, signal.SIGTERM})

_log = structlog.get_logger()


class ExitDeadline:
    """Ends a process that was told to end, or is done, but does not end by itself."""

    def __init__(self, drain: Callable[[], None], leave: Callable[[int], object]) -> None:
        """`drain` writes the log; `leave` ends the process at once, with an exit status."""
        self._drain = drain
        self._leave = leave
        self._told = False
        self._timers: list[threading.Timer] = []

    def start(self) -> None:
        """After the first call the process has `LONGEST_END_SECONDS`. Its exit status is then 0."""
        if not self._told:
            self._told = True
            self._leave_after(LONGEST_END_SECONDS)

    def shorten(self) -> None:
        """All is answered and closed: the process has `REST_SECONDS` left."""
        self._leave_after(REST_SECONDS)

    def _leave_after(self, seconds: float) -> None:
        timer = threading.Timer(seconds, self._cut_off)
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    def _cut_off(self) -> None:
        _log.error("server.cut_off", threads=_waited_for())
        self._drain()
        self._leave(0 if self._told else 1)

    def cancel(self) -> None:
        """The process ends by itself."""
        for timer in self._timers:
            timer.cancel()


@contextmanager
def exit_deadline(drain: Callable[[], None], leave: Callable[[int], object] = os._exit) -> Iterator[ExitDeadline]:
    """While the block runs, SIGINT and SIGTERM start the time in which the process must end."""
    deadline = ExitDeadline(drain, leave)
    try:
        with _heard(deadline.start):
            yield deadline
    finally:
        deadline.cancel()


@contextmanager
def _heard(on_stop: Callable[[], None]) -> Iterator[None]:
    """Let a thread hear signals too: while the main thread hangs in a system call, no handler runs."""
    reader, writer = socketpair()
    writer.setblocking(False)  # noqa: FBT003  the standard library's signature
    before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    thread = threading.Thread(target=_hear, args=(reader, on_stop), name="signals", daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        writer.close()
        thread.join()


def _hear(reader: socket, on_stop: Callable[[], None]) -> None:
    with reader:
        while number := reader.recv(1):
            if number[0] in _STOPS:
                on_stop()


def _waited_for() -> list[str]:
    """The threads that the end of a process waits for."""
    return [thread.name for thread in threading.enumerate() if not thread.daemon]
