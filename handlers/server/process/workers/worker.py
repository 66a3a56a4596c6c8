"""A worker process, as its supervisor sees it."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from socket import socketpair

from handlers.server.process.workers.messages import SIGN_SECONDS, NotStarted, Order, Ready, Sign, read_line

LONGEST_START_SECONDS = 60.0
"""Time limit from the start of a worker until it serves."""

MOST_MISSED_SIGNS = 10
"""A worker that misses so many signs of life is hung. Headers and bodies may take 10 seconds: it measures no time now.

Only the seconds in which the supervisor runs count. So a machine that was paused ends no worker.
"""

_LONGEST_REPORT = 1_048_576
_MOST_SIGNS = 1_024


class CannotStartError(Exception):
    """A worker could not be started. Each of the mistakes is one line."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes


CommandLine = Callable[[int], Sequence[str]]
"""Makes the command of a worker from the file descriptor of its socket."""


class Worker:
    """One process. It reports once that it serves, or why it cannot. Then it gets orders, and gives signs.

    `has_reloaded` is set while it has followed every order to reload, or has ended.
    """

    def __init__(self, process: Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.has_served = self.is_released = False
        self.drain_seconds = self.generation = self._reloads = 0
        self.has_reloaded = asyncio.Event()
        self._process = process
        self._reader = reader
        self._writer = writer

    @classmethod
    async def start(cls, command: CommandLine, descriptors: Sequence[int], variables: Mapping[str, str]) -> "Worker":
        """Start a process that inherits these file descriptors, and has these variables in addition to ours.

        It leads a process group of its own, so that a Ctrl-C of the terminal reaches the supervisor only.

        Raises:
            CannotStartError: The system cannot start a process.
        """
        with _system_errors():
            ours, theirs = socketpair()
        with theirs, ExitStack() as on_error:
            reader, writer = await asyncio.open_connection(sock=ours, limit=_LONGEST_REPORT)
            on_error.callback(writer.close)
            with _system_errors():
                process = await asyncio.create_subprocess_exec(
                    *command(theirs.fileno()),
                    stdin=DEVNULL,
                    pass_fds=(*descriptors, theirs.fileno()),
                    env={**os.environ, **variables},
                    process_group=0,
                )
            on_error.pop_all()
        return cls(process, reader, writer)

    @property
    def pid(self) -> int:
        """The process ID."""
        return self._process.pid

    async def serving(self) -> Ready:
        """Wait until the worker serves.

        Raises:
            CannotStartError: It cannot, or it takes longer than `LONGEST_START_SECONDS`. Then it is killed.
        """
        try:
            async with asyncio.timeout(LONGEST_START_SECONDS):
                line = await _received(self._reader.readline())
        except TimeoutError as error:
            self.kill()
            message = f"worker {self.pid} did not serve within {LONGEST_START_SECONDS:g} seconds"
            raise CannotStartError(message) from error
        if not line:
            message = f"worker {self.pid} ended at its start: {ending(await self.ended())}"
            raise CannotStartError(message)
        report = read_line(line)
        if isinstance(report, NotStarted):
            raise CannotStartError(*report.mistakes)
        self.has_served, self.drain_seconds = True, report.drain_seconds
        return report

    async def falls_silent(self) -> bool:
        """Follow the signs of a worker that serves. Return true if it is hung, and false if it has ended.

        A worker of an older release gives no sign, so the first one is awaited without a limit.
        """
        missed, limit = 0, None
        while missed < MOST_MISSED_SIGNS:
            try:
                signs = await asyncio.wait_for(_received(self._reader.read(_MOST_SIGNS)), limit)
            except TimeoutError:
                missed += 1
            else:
                if not signs:
                    return False
                missed, limit = 0, SIGN_SECONDS
                self._count_reloads(-signs.count(Sign.RELOADED.value))
        return True

    def _count_reloads(self, change: int) -> None:
        self._reloads = max(0, self._reloads + change)
        if self._reloads:
            self.has_reloaded.clear()
        else:
            self.has_reloaded.set()

    def order(self, order: Order) -> None:
        """Give the worker an order. A worker that has ended gets none."""
        if order is not Order.RELOAD:
            self.is_released = True
        elif self.has_served:  # Before that, it confirms nothing.
            self._count_reloads(1)
        with suppress(OSError):
            self._writer.write(order.value)

    def kill(self) -> None:
        """Kill the process."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def ended(self) -> int:
        """Wait until the process has ended, and return its status. A negative status is the signal that killed it."""
        status = await self._process.wait()
        self._writer.close()
        self._count_reloads(-self._reloads)
        return status


@contextmanager
def _system_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"no process can be started: {error.strerror}"
        raise CannotStartError(message) from error


async def _received(reading: Awaitable[bytes]) -> bytes:
    """What was read. Nothing, if the worker ended without reading all its orders."""
    try:
        return await reading
    except ConnectionError:
        return b""


def ending(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"exit status {status}"
    names = {each.value: each.name for each in signal.Signals}
    return f"killed by {names.get(-status, f'signal {-status}')}"


def python_command(module: str, argument: str) -> Sequence[str]:
    """The command that runs a module of this installation in a new interpreter.

    `-P`: without it, Python would search the current folder first.
    """
    return (sys.executable, "-P", "-m", module, argument)
