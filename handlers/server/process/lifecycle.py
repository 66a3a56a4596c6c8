"""A process's serving life: its listeners start and end together, and what they share lives as long."""

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress

from handlers.server.process.uvicorn_server import Server


async def run_servers(
    serving: Sequence[tuple[Server, socket.socket]], companions: Iterable[AbstractAsyncContextManager[None]]
) -> None:
    """Serve on each listener until one ends, for whatever reason; then the others end too, and last the companions.

    Raises:
        SystemExit: a server could not start; its log says why.
        Exception: the first that ended a server.
    """
    async with AsyncExitStack() as stack:
        for companion in companions:
            await stack.enter_async_context(companion)
        tasks = [asyncio.create_task(_served(*each)) for each in serving]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        request_shutdown(server for server, _ in serving)
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if outcome:
            raise outcome


async def _served(server: Server, listener: socket.socket) -> SystemExit | None:
    """Uvicorn exits where the application does not start; raised in a task, that would end the loop on the spot."""
    try:
        await server.serve(sockets=[listener])
    except SystemExit as error:
        return error
    return None


def request_shutdown(servers: Iterable[Server]) -> None:
    """Have each finish what is under way, and end."""
    for server in servers:
        server.should_exit = True


@asynccontextmanager
async def handle_signals(
    servers: Sequence[Server], reload: Callable[[], None], on_stop: Callable[[], None]
) -> AsyncIterator[None]:
    """SIGINT and SIGTERM call `on_stop` and end the servers; SIGHUP reads keys and clients again.

    A second SIGINT is a person who insists. A second SIGTERM changes nothing: who forwards signals may send it twice
    at once, and who starts processes has SIGKILL.
    """

    def terminate() -> None:
        on_stop()
        request_shutdown(servers)

    def interrupt() -> None:
        """The first time, end; after that, drop what is under way."""
        for server in servers:
            server.force_exit = server.should_exit
        terminate()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, interrupt)
    loop.add_signal_handler(signal.SIGTERM, terminate)
    loop.add_signal_handler(signal.SIGHUP, reload)
    # They are not taken back: until the loop is closed, a further signal must not kill what is ending.
    yield


@contextmanager
def end_quietly_on_signals() -> Iterator[None]:
    """End the block, without an error, at SIGINT or SIGTERM, until the servers handle these themselves.

    SIGHUP, which would kill, means nothing until then: whatever changes after it was read is seen anyway.
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
    """Have the garbage collector pass over what the start has made (`gc.freeze`).

    That is about 100,000 objects, which stay to the end; looking through them held up every answer for 50 ms, once in
    some seconds of load.
    """
    gc.collect()
    gc.freeze()
