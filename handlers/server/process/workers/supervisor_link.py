"""The supervisor, as its worker sees it."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from socket import MSG_DONTWAIT, socket

from handlers.server.process.lifecycle import Control
from handlers.server.process.workers.messages import SIGN_SECONDS, Order, Report, Sign, as_line
from handlers.state.background import running

_MOST_ORDERS = 64


def ignore_signals() -> None:
    """Leave all signals to the supervisor. Some process managers send them to every process of a service."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)


class SupervisorLink:
    """The connection of a worker to its supervisor."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket(fileno=descriptor)
        self._has_reported = asyncio.Event()

    def report(self, report: Report) -> None:
        """Send the report. A supervisor that has ended gets none."""
        with suppress(OSError):
            self._socket.sendall(as_line(report))
        self._has_reported.set()

    def _give(self, sign: Sign) -> None:
        """Give a sign, but none before the report. A supervisor of an older release reads none, so it may be lost."""
        if self._has_reported.is_set():
            with suppress(OSError):
                self._socket.send(sign.value, MSG_DONTWAIT)

    async def _give_signs_of_life(self) -> None:
        await self._has_reported.wait()
        while True:
            self._give(Sign.ALIVE)
            await asyncio.sleep(SIGN_SECONDS)

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    @asynccontextmanager
    async def obeying(self, control: Control) -> AsyncIterator[None]:
        """While the block runs, follow the orders and give signs of life. If the supervisor ends, the servers stop."""
        loop = asyncio.get_running_loop()
        actions: dict[bytes, Callable[[], None]] = {
            Order.TERMINATE.value: control.terminate,
            Order.INTERRUPT.value: control.interrupt,
            Order.RELOAD.value: partial(control.reload, partial(self._give, Sign.RELOADED)),
            Order.RETIRE.value: control.retire,
        }

        def follow() -> None:
            orders = self._receive()
            if not orders:
                loop.remove_reader(self._socket)
                control.retire()
            for number in orders:
                actions.get(bytes([number]), _ignore)()

        loop.add_reader(self._socket, follow)
        try:
            async with running(self._give_signs_of_life):
                yield
        finally:
            loop.remove_reader(self._socket)

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(_MOST_ORDERS)
        except ConnectionError:
            return b""


def _ignore() -> None:
    """Ignore an order that this version does not know."""
