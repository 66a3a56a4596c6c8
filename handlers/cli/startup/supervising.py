"""The supervisor of several workers: it keeps the listeners open, and serves no request itself."""

import asyncio
import signal
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path
from socket import socket

from handlers.cli.errors import UsageError
from handlers.cli.startup import serving
from handlers.cli.startup.announcement import announce
from handlers.config.settings import Settings
from handlers.server.observability.metrics.definitions import StartCause
from handlers.server.observability.metrics.workers import FOLDER_VARIABLE, keep_counts
from handlers.server.process import service_manager
from handlers.server.process.workers.backoff import Backoff
from handlers.server.process.workers.messages import Assignment, Inherited, Order
from handlers.server.process.workers.shared_folder import shared_folder
from handlers.server.process.workers.supervisor import Supervisor
from handlers.server.process.workers.worker import CannotStartError, Worker, python_command

_MODULE = "handlers.cli.worker"

_MORE_SECONDS = 1
"""A worker that does not end is killed before the supervisor itself is cut off."""


def supervise(start: serving.Start) -> None:
    """Run the workers until a signal ends the server.

    Raises:
        UsageError: a worker cannot start.
    """
    with ExitStack() as stack:
        folder = _open_folder(stack)
        runner = stack.enter_context(asyncio.Runner())
        try:
            runner.run(_supervise(start, folder))
        except CannotStartError as error:
            raise UsageError(*error.mistakes) from error
        finally:
            start.drain()
            start.deadline.shorten()


def _open_folder(stack: ExitStack) -> Path:
    try:
        return stack.enter_context(shared_folder())
    except OSError as error:
        message = f"no folder for the workers can be made: {error.strerror}; set TMPDIR to a folder that can be written"
        raise UsageError(message) from error


async def _supervise(start: serving.Start, folder: Path) -> None:
    starter = _WorkerStarter(start.settings, start.listeners, folder)
    supervisor = Supervisor(starter.start, partial(keep_counts, folder), start.settings.server.workers, Backoff())
    _handle_signals(supervisor, start)

    def ready() -> None:
        announce(start.settings, start.listeners)
        service_manager.notify(service_manager.READY)

    def release() -> None:
        for listener in start.listeners.values():
            listener.close()  # The workers have it too. When the last of them closes it, new connections are refused.

    async with AsyncExitStack() as stack:
        for context in serving.watching(start.settings):
            await stack.enter_async_context(context)
        await supervisor.run(ready, release)


class _WorkerStarter:
    def __init__(self, settings: Settings, listeners: Mapping[str, socket], folder: Path) -> None:
        self._config = settings.file
        self._listeners = {name: _inherited(settings, name, each) for name, each in listeners.items()}
        self._folder = folder

    async def start(self, cause: StartCause) -> Worker:
        def command(link: int) -> tuple[str, ...]:
            assignment = Assignment(str(self._config), cause, link, str(self._folder), self._listeners)
            return tuple(python_command(_MODULE, assignment.as_argument()))

        descriptors = [each.descriptor for each in self._listeners.values()]
        return await Worker.start(command, descriptors, {FOLDER_VARIABLE: str(self._folder)})


def _inherited(settings: Settings, name: str, listener: socket) -> Inherited:
    return Inherited(listener.fileno(), *getattr(settings, name).address)


def _handle_signals(supervisor: Supervisor, start: serving.Start) -> None:
    """The signals mean what they mean for one process. SIGUSR2 replaces the workers."""
    loop = asyncio.get_running_loop()

    def stop(order: Order) -> None:
        service_manager.notify(service_manager.STOPPING)
        start.deadline.start(supervisor.stop(order) + _MORE_SECONDS)

    def begin(work: Callable[[Callable[[], None]], None]) -> None:
        reloads.begin()
        work(reloads.end)

    reloads = service_manager.Reloads()
    loop.add_signal_handler(signal.SIGTERM, stop, Order.TERMINATE)
    loop.add_signal_handler(signal.SIGINT, stop, Order.INTERRUPT)
    loop.add_signal_handler(signal.SIGHUP, begin, supervisor.reload)
    loop.add_signal_handler(signal.SIGUSR2, begin, supervisor.replace)
