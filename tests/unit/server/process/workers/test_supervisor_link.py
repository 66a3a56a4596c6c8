"""The supervisor, as its worker sees it."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field

import pytest

from handlers.server.process.lifecycle import Control
from handlers.server.process.workers import supervisor_link as link_module
from handlers.server.process.workers.messages import NotStarted, Order, Ready, Sign, as_line
from handlers.server.process.workers.supervisor_link import SupervisorLink, ignore_signals
from tests.engines import asynchronous

PATIENCE = 20
"""Seconds."""


@dataclass
class Followed(Control):
    """Notes what it is told to do."""

    done: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    def terminate(self) -> None:
        self.done.put_nowait("terminate")

    def interrupt(self) -> None:
        self.done.put_nowait("interrupt")

    def reload(self, done: Callable[[], None]) -> None:
        self.done.put_nowait("reload")
        done()

    def retire(self) -> None:
        self.done.put_nowait("retire")


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, SupervisorLink]]:
    """The supervisor's end, and the worker's link."""
    ours, theirs = socket.socketpair()
    with ours, closing(SupervisorLink(theirs.detach())) as link:
        yield ours, link


def test_orders_are_followed(ends: tuple[socket.socket, SupervisorLink]) -> None:
    """Orders that arrive together are followed one after the other. An unknown one is ignored."""
    supervisor, link = ends

    @asynchronous
    async def test() -> None:
        control = Followed()
        async with link.obeying(control):
            supervisor.sendall(b"".join(order.value for order in Order) + b"?" + Order.RELOAD.value)
            done = [await control.done.get() for _ in range(5)]
        assert done == ["terminate", "interrupt", "reload", "retire", "reload"]

    test()


@pytest.mark.parametrize("is_reset", [False, True])
def test_without_its_supervisor_a_worker_retires(ends: tuple[socket.socket, SupervisorLink], *, is_reset: bool) -> None:
    """If the supervisor ends, in whatever way, the worker finishes its requests and ends. It says so once."""
    supervisor, link = ends

    @asynchronous
    async def test() -> None:
        control = Followed()
        async with link.obeying(control):
            if is_reset:
                link.report(NotStarted(("unread",)))
            supervisor.close()
            assert await control.done.get() == "retire"
            await asyncio.sleep(0)
            assert control.done.empty()

    test()


def test_a_report_reaches_the_supervisor(ends: tuple[socket.socket, SupervisorLink]) -> None:
    """The supervisor gets the report. If it has ended, that is no error."""
    supervisor, link = ends
    report = NotStarted(("a: wrong",))
    link.report(report)
    assert supervisor.recv(1_000) == as_line(report)
    supervisor.close()
    link.report(report)


def test_a_worker_gives_signs(ends: tuple[socket.socket, SupervisorLink], monkeypatch: pytest.MonkeyPatch) -> None:
    """After its report, and not before, a worker gives signs of life, and says when it has reloaded."""
    monkeypatch.setattr(link_module, "SIGN_SECONDS", 0.01)
    supervisor, link = ends
    supervisor.settimeout(PATIENCE)

    @asynchronous
    async def test() -> None:
        control = Followed()
        async with link.obeying(control):
            supervisor.sendall(Order.RELOAD.value)
            await control.done.get()
            link.report(Ready(2, 0))
            supervisor.sendall(Order.RELOAD.value)
            received = b""
            while received.count(Sign.ALIVE.value) < 2 or Sign.RELOADED.value not in received:
                received += await asyncio.to_thread(supervisor.recv, 1_000)
        assert received.startswith(as_line(Ready(2, 0)))
        assert received.count(Sign.RELOADED.value) == 1

    test()


def test_signs_that_nobody_reads_are_dropped(
    ends: tuple[socket.socket, SupervisorLink], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A supervisor of an older release reads no signs. The worker does not wait for it."""
    monkeypatch.setattr(link_module, "SIGN_SECONDS", 0)
    supervisor, link = ends
    supervisor.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)

    @asynchronous
    async def test() -> None:
        control = Followed()
        async with link.obeying(control):
            link.report(Ready(2, 0))
            _fill(link)
            supervisor.sendall(Order.RETIRE.value)
            assert await control.done.get() == "retire"

    test()


def _fill(link: SupervisorLink) -> None:
    """Give signs until no more of them fits."""
    with socket.socket(fileno=os.dup(link._socket.fileno())) as same, suppress(BlockingIOError):  # noqa: SLF001  its buffer
        while True:
            same.send(Sign.ALIVE.value * 1_000, socket.MSG_DONTWAIT)


def test_a_worker_leaves_signals_to_its_supervisor() -> None:
    """Signals that a terminal or a process manager sends to every process do not end a worker."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        ignore_signals()
        with suppress(KeyboardInterrupt):
            for number in numbers:
                signal.raise_signal(number)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
