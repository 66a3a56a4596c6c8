"""Starts and stops all servers of a process together, with the resources that they share."""

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress

from handlers.server.process.uvicorn_server import Server


async def run_servers(
    serving: Sequence[tuple[Server, socket.socket]], contexts: Iterable[AbstractAsyncContextManager[None]]
) -> None:
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


@asynccontextmanager
async def handle_signals(
    servers: Sequence[Server], reload: Callable[[], None], on_stop: Callable[[], None]
) -> AsyncIterator[None]:
    """SIGINT and SIGTERM call `on_stop` and stop the servers. SIGHUP reloads keys and clients.

    A second SIGINT cancels running requests, because a person asked twice. A second SIGTERM changes nothing: a program
    that forwards signals can send it twice, and a process manager uses SIGKILL to force the end.
    """

    def terminate() -> None:
        on_stop()
        request_shutdown(servers)

    def interrupt() -> None:
        """Stop after running requests at the first signal. Cancel running requests at the second signal."""
        for server in servers:
            server.force_exit = server.should_exit
        terminate()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, interrupt)
    loop.add_signal_handler(signal.SIGTERM, terminate)
    loop.add_signal_handler(signal.SIGHUP, reload)
    # The handlers stay until the loop is closed, because a further signal must not kill the process while it stops.
    yield


@contextmanager
def end_quietly_on_signals() -> Iterator[None]:
    """Leave the block without an error at SIGINT or SIGTERM, until the servers handle these signals themselves.

    SIGHUP would kill the process, so it is ignored until then. No change is lost, because the servers find every change
    since the settings were read.
    """
    stop, reload = signal.SIGTERM, signal.SIGHUP
    before = {stop: signal.signal(stop, signal.default_int_handler), reload: signal.signal(reload, signal.SIG_IGN)}
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
