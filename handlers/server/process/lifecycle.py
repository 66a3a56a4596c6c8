"""Starts and stops all servers of a process together, with the resources that they share."""

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import Any

import structlog

from handlers.server.process import service_manager
from handlers.server.process.drain import Drain
from handlers.server.process.uvicorn_server import Server
from handlers.state.background import running

Serving = Sequence[tuple[Server, socket.socket]]
"""Servers, each with its listener."""

_log = structlog.get_logger()


async def run_servers(serving: Serving, contexts: Iterable[AbstractAsyncContextManager[None]]) -> None:
    """Serve on each listener until one server ends for any reason. Then stop the others, and last leave the contexts.

    Raises:
        SystemExit: A server could not start. The log says why.
        Exception: The first error that ended a server.
    """
    async with AsyncExitStack() as stack:
        for context in contexts:
            await stack.enter_async_context(context)
        tasks = [asyncio.create_task(_serve(*each)) for each in serving]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        request_shutdown(server for server, _ in serving)
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if outcome:
            raise outcome


async def _serve(server: Server, listener: socket.socket) -> SystemExit | None:
    """Serve on the listener. Return uvicorn's SystemExit, because raising it in a task would end the loop at once."""
    try:
        await server.serve(sockets=[listener])
    except SystemExit as error:
        return error
    return None


def request_shutdown(servers: Iterable[Server]) -> None:
    """Let each server finish its running requests, and stop."""
    for server in servers:
        server.should_exit = True


class Control:
    """What signals, or the supervisor of a worker, make the servers of this process do.

    `reload` calls its argument when it is done. `on_stop` gets the seconds that the drain still takes.
    """

    def __init__(
        self,
        servers: Sequence[Server],
        reload: Callable[[Callable[[], None]], None],
        on_stop: Callable[[int], None],
        drain: Drain,
    ) -> None:
        self.reload = reload
        self._servers = servers
        self._on_stop = on_stop
        self._drain = drain

    def terminate(self) -> None:
        """Drain, and then stop the servers. The second call ends the drain."""
        seconds = self._drain.begin()
        self._on_stop(seconds)
        if seconds:
            asyncio.get_running_loop().call_later(seconds, request_shutdown, self._servers)
        else:
            request_shutdown(self._servers)

    def interrupt(self) -> None:
        """Stop the servers at once. A call after the servers began to stop cancels running requests."""
        for server in self._servers:
            server.force_exit = server.should_exit
        self._drain.skip()
        self.terminate()

    def retire(self) -> None:
        """Stop the servers, because other workers serve on. So readiness does not change, and there is no drain."""
        self._on_stop(0)
        request_shutdown(self._servers)


@asynccontextmanager
async def handle_signals(control: Control) -> AsyncIterator[None]:
    """SIGTERM drains and then stops the servers. SIGINT stops them at once. SIGHUP reloads keys and clients.

    A SIGINT after the servers began to stop cancels running requests, because a person asked twice. A SIGTERM never
    does: a program that forwards signals can send it twice, and a process manager uses SIGKILL to force the end.

    The service manager learns of each signal.
    """

    def stop(action: Callable[[], None]) -> None:
        service_manager.notify(service_manager.STOPPING)
        action()

    def reload() -> None:
        reloads.begin()
        control.reload(reloads.end)

    reloads = service_manager.Reloads()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, stop, control.interrupt)
    loop.add_signal_handler(signal.SIGTERM, stop, control.terminate)
    loop.add_signal_handler(signal.SIGHUP, reload)
    loop.add_signal_handler(signal.SIGUSR2, _refuse_replacement)
    # The handlers stay until the loop is closed, because a further signal must not kill the process while it stops.
    yield


def _refuse_replacement() -> None:
    _log.warning("workers.not_replaced", cause="there is one process; set server.workers to 2 or more, and restart")


@asynccontextmanager
async def announcing(servers: Sequence[Server], announce: Callable[[], None]) -> AsyncIterator[None]:
    """While the block runs, call `announce` once, as soon as all servers accept connections."""

    async def wait() -> None:
        for server in servers:
            await server.is_accepting.wait()
        announce()

    async with running(wait):
        yield


@contextmanager
def end_quietly_on_signals() -> Iterator[None]:
    """Leave the block without an error at SIGINT or SIGTERM, until the servers handle these signals themselves.

    SIGHUP and SIGUSR2 would kill the process, so they are ignored until then. No change is lost, because the servers
    find every change since the settings were read.
    """
    ways: dict[signal.Signals, Any] = {
        signal.SIGTERM: signal.default_int_handler,
        signal.SIGHUP: signal.SIG_IGN,
        signal.SIGUSR2: signal.SIG_IGN,
    }
    before = {number: signal.signal(number, way) for number, way in ways.items()}
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def freeze_long_lived_objects() -> None:
    """Exclude the objects that exist now from garbage collection (`gc.freeze`).

    The start creates about 100,000 objects that live until the end. Without this, the collector scans them every few
    seconds under load, and each scan delays all answers by 50 ms.
    """
    gc.collect()
    gc.freeze()
