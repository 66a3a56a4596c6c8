"""The decisions of a supervisor, with small processes that act as its workers."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from handlers.server.observability.metrics.definitions import StartCause
from handlers.server.process.workers import supervisor as supervisor_module
from handlers.server.process.workers import worker as worker_module
from handlers.server.process.workers.backoff import Backoff
from handlers.server.process.workers.messages import Order, Ready
from handlers.server.process.workers.supervisor import Supervisor
from handlers.server.process.workers.worker import CannotStartError, Worker
from tests.acting_worker import act
from tests.engines import asynchronous

PATIENCE = 30
"""Seconds."""


class Log:
    """Keeps the lines until the test reads them."""

    def __init__(self) -> None:
        self._lines = asyncio.Queue[tuple[str, str, dict[str, Any]]]()

    def info(self, event: str, **fields: object) -> None:
        self._lines.put_nowait(("info", event, fields))

    def error(self, event: str, **fields: object) -> None:
        self._lines.put_nowait(("error", event, fields))

    async def next(self, level: str, event: str) -> dict[str, Any]:
        """The fields of the next line, which must be this one."""
        line = await self._lines.get()
        assert line[:2] == (level, event), line
        return line[2]

    async def next_is_there(self) -> None:
        while self.is_empty:  # noqa: ASYNC110  the next turn of the loop is enough
            await asyncio.sleep(0)

    @property
    def is_empty(self) -> bool:
        return self._lines.empty()


class NoPause(Backoff):
    """Starts again at once, and counts."""

    pauses = 0

    def next(self) -> float:
        self.pauses += 1
        return 0


@dataclass
class Stage:
    """A supervisor, and the parts that its next workers play. Without a part, a worker serves, and wants two."""

    log: Log
    parts: list[str] = field(default_factory=list)
    causes: list[StartCause] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    cleaned: list[int] = field(default_factory=list)
    backoff: NoPause = field(default_factory=NoPause)
    announced: asyncio.Event = field(default_factory=asyncio.Event)
    replaced: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self, cause: StartCause) -> Worker:
        self.causes.append(cause)
        worker = await act(self.parts.pop(0) if self.parts else "2")
        self.workers.append(worker)
        return worker

    async def start_late(self, cause: StartCause) -> Worker:
        """A worker whose report is read late."""
        worker = await self.start(cause)
        report = worker.serving

        async def serving() -> Ready:
            read = await report()
            await worker.ended()
            await self.log.next_is_there()
            return read

        worker.serving = serving  # type: ignore[method-assign]  # delayed
        return worker

    def supervisor(self, number: int = 2) -> Supervisor:
        return Supervisor(self.start, self.cleaned.append, number, self.backoff)

    @asynccontextmanager
    async def running(self, number: int = 2) -> AsyncIterator[Supervisor]:
        """The supervisor of workers that all serve. At the end of the block all have ended."""
        supervisor = self.supervisor(number)
        life = asyncio.create_task(supervisor.run(self.announced.set, self.released.set))
        await self.announced.wait()
        for _ in range(number):
            await self.log.next("info", "worker.started")
        try:
            yield supervisor
        finally:
            supervisor.stop(Order.INTERRUPT)
            await life

    async def ended(self, level: str = "info", ending: str = "exit status 0") -> int:
        """The process ID of the worker whose end is logged next."""
        line = await self.log.next(level, "worker.ended")
        assert line["ending"] == ending
        return int(line["worker"])

    async def started(self, cause: StartCause) -> int:
        """The process ID of the worker whose start is logged next."""
        line = await self.log.next("info", "worker.started")
        assert line["cause"] == cause
        return int(line["worker"])


def staged(test: Callable[[Stage], Coroutine[Any, Any, None]]) -> Callable[[pytest.MonkeyPatch], None]:
    """Run a test with a stage, within a limited time."""

    def run(monkeypatch: pytest.MonkeyPatch) -> None:
        @asynchronous
        async def limited() -> None:
            stage = Stage(Log())
            monkeypatch.setattr(supervisor_module, "_log", stage.log)
            async with asyncio.timeout(PATIENCE):
                await test(stage)

        limited()

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@staged
async def test_all_workers_serve_before_it_is_announced(stage: Stage) -> None:
    """As many workers start as are wanted. When the server stops, all end, and nothing of them is left."""
    async with stage.running(3):
        assert stage.causes == ["start"] * 3
    pids = sorted(each.pid for each in stage.workers)
    assert sorted([await stage.ended() for _ in range(3)]) == pids
    assert stage.log.is_empty
    while len(stage.cleaned) < 3:  # noqa: ASYNC110  a thread does it
        await asyncio.sleep(0)
    assert sorted(stage.cleaned) == pids


@staged
async def test_the_first_mistake_ends_the_start(stage: Stage) -> None:
    """If the first worker cannot start, no other is tried, and the error has all its mistakes."""
    stage.parts = ["mistaken"]
    with pytest.raises(CannotStartError) as error:
        await stage.supervisor().run(stage.announced.set, stage.released.set)
    assert error.value.mistakes == ("a: wrong", "b: wrong")
    assert (stage.causes, stage.announced.is_set(), stage.log.is_empty) == (["start"], False, True)


@staged
async def test_a_mistake_of_another_worker_ends_the_first_one(stage: Stage) -> None:
    """If the second worker cannot start, the first one ends too: the server runs as its settings say, or not at all."""
    stage.parts = ["2", "mistaken"]
    with pytest.raises(CannotStartError):
        await stage.supervisor().run(stage.announced.set, stage.released.set)
    await stage.started("start")
    assert await stage.ended() == stage.workers[0].pid


@staged
async def test_a_killed_worker_is_started_again(stage: Stage) -> None:
    """After the end of one worker, the log says how it ended, and another one starts after a pause."""
    async with stage.running():
        os.kill(stage.workers[0].pid, signal.SIGKILL)
        assert await stage.ended("error", "killed by SIGKILL") == stage.workers[0].pid
        assert await stage.started("crash") == stage.workers[2].pid
        assert stage.backoff.pauses == 1


@staged
async def test_a_worker_is_tried_until_it_starts(stage: Stage) -> None:
    """If a worker cannot be started again, the log says why each time, and each attempt has its pause."""
    async with stage.running():
        stage.parts = ["mistaken", "killed"]
        os.kill(stage.workers[0].pid, signal.SIGKILL)
        await stage.ended("error", "killed by SIGKILL")
        assert (await stage.log.next("error", "worker.not_started"))["mistakes"] == ("a: wrong", "b: wrong")
        assert len((await stage.log.next("error", "worker.not_started"))["mistakes"]) == 1
        await stage.started("crash")
        assert stage.backoff.pauses == 3


@staged
async def test_a_worker_that_serves_for_a_moment_did_not_start(stage: Stage) -> None:
    """A worker that has ended when its report is read counts as one that could not start."""
    supervisor = Supervisor(stage.start_late, stage.cleaned.append, 1, stage.backoff)
    stage.parts = ["brief"]
    with pytest.raises(CannotStartError, match="ended as soon as it served"):
        await supervisor.run(stage.announced.set, stage.released.set)
    await stage.ended("error", "exit status 1")


@staged
async def test_workers_are_replaced_one_after_the_other(stage: Stage) -> None:
    """A new worker serves before an old one retires, and the next new one starts after the old one has ended."""
    async with stage.running() as supervisor:
        supervisor.replace(stage.replaced.set)
        assert await stage.log.next("info", "workers.replacing") == {"workers": 2}
        for number in range(2):
            assert await stage.started("replacement") == stage.workers[2 + number].pid
            assert await stage.ended() == stage.workers[number].pid
        assert await stage.log.next("info", "workers.replaced") == {"workers": 2}
        await stage.replaced.wait()
        supervisor.replace(stage.replaced.set)
        await stage.log.next("info", "workers.replacing")
        assert await stage.started("replacement") == stage.workers[4].pid


@staged
async def test_a_new_worker_that_cannot_start_replaces_none(stage: Stage) -> None:
    """If the first new worker cannot start, all old ones stay, and the log says why."""
    async with stage.running() as supervisor:
        stage.parts = ["mistaken"]
        supervisor.replace(stage.replaced.set)
        await stage.log.next("info", "workers.replacing")
        line = await stage.log.next("error", "workers.not_replaced")
        assert line == {"mistakes": ("a: wrong", "b: wrong"), "replaced": 0}
        await stage.replaced.wait()
        assert stage.log.is_empty
    assert {await stage.ended(), await stage.ended()} == {each.pid for each in stage.workers[:2]}


@pytest.mark.parametrize(("number", "started"), [(1, 2), (3, 3)])
def test_the_new_settings_say_how_many(monkeypatch: pytest.MonkeyPatch, number: int, started: int) -> None:
    """After the replacement, as many workers serve as the new settings want."""

    async def test(stage: Stage) -> None:
        async with stage.running() as supervisor:
            stage.parts = [str(number)] * started
            supervisor.replace(stage.replaced.set)
            lines = []
            while "workers.replaced" not in lines:
                _level, event, _fields = await stage.log._lines.get()  # noqa: SLF001  the order of the lines varies
                lines.append(event)
            assert 2 + lines.count("worker.started") - lines.count("worker.ended") == number
            assert lines.count("worker.started") == started

    staged(test)(monkeypatch)


@staged
async def test_a_worker_that_starts_during_a_replacement_is_not_too_many(stage: Stage) -> None:
    """If a worker ends right before a replacement, all workers are new after it, and their number is right."""
    async with stage.running() as supervisor:
        os.kill(stage.workers[0].pid, signal.SIGKILL)
        await stage.ended("error", "killed by SIGKILL")
        supervisor.replace(stage.replaced.set)
        events = list[str]()
        while "workers.replaced" not in events:
            _level, event, _fields = await stage.log._lines.get()  # noqa: SLF001  the order of the lines varies
            events.append(event)
        assert 1 + events.count("worker.started") - events.count("worker.ended") == 2


@staged
async def test_a_worker_that_ends_while_others_are_replaced_is_not_awaited(stage: Stage) -> None:
    """If all old workers have ended, the replacement goes on with new ones."""
    async with stage.running() as supervisor:
        for worker in stage.workers[:2]:
            os.kill(worker.pid, signal.SIGKILL)
        supervisor.replace(stage.replaced.set)
        events = list[str]()
        while "workers.replaced" not in events:
            _level, event, _fields = await stage.log._lines.get()  # noqa: SLF001  the order of the lines varies
            events.append(event)
        assert events.count("worker.ended") - events.count("worker.started") == 0


@staged
async def test_a_reload_is_done_when_every_worker_has_done_it(stage: Stage) -> None:
    """A reload reaches all workers and ends none. It is not done before the last worker says so, or has ended."""
    stage.parts = ["reloading", "2"]
    async with stage.running() as supervisor:
        one, other = asyncio.Event(), asyncio.Event()
        supervisor.reload(one.set)
        supervisor.reload(other.set)
        await stage.workers[0].has_reloaded.wait()
        assert (one.is_set(), other.is_set(), stage.log.is_empty) == (False, False, True)
        os.kill(stage.workers[1].pid, signal.SIGKILL)
        await one.wait()
        await other.wait()
        await stage.ended("error", "killed by SIGKILL")


def test_a_reload_that_a_worker_does_not_confirm_is_done_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker of an older release never says that it has reloaded. It is not awaited for longer than a start."""
    monkeypatch.setattr(supervisor_module, "LONGEST_START_SECONDS", 0.1)

    async def test(stage: Stage) -> None:
        async with stage.running() as supervisor:
            done = asyncio.Event()
            supervisor.reload(done.set)
            await done.wait()
            assert not stage.workers[0].has_reloaded.is_set()

    staged(test)(monkeypatch)


@pytest.mark.parametrize("part", ["hung", "2"])
def test_a_hung_worker_is_killed_and_replaced(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    """If a worker gives no more signs of life, the log says so, and another one starts in its place.

    A worker that never gave one is of an older release, and stays.
    """
    monkeypatch.setattr(worker_module, "SIGN_SECONDS", 0.01)

    async def test(stage: Stage) -> None:
        stage.parts = [part]
        async with stage.running(1):
            if part == "hung":
                assert await stage.log.next("error", "worker.hung") == {"worker": stage.workers[0].pid}
                await stage.ended("error", "killed by SIGKILL")
                assert await stage.started("crash") == stage.workers[1].pid
            else:
                await asyncio.sleep(2 * worker_module.MOST_MISSED_SIGNS * 0.01)
                assert stage.log.is_empty

    staged(test)(monkeypatch)


def test_a_worker_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that follows no order is killed after a limited time, and the log says so."""
    monkeypatch.setattr(supervisor_module, "END_SECONDS", 0.1)

    async def test(stage: Stage) -> None:
        stage.parts = ["deaf"]
        async with stage.running(1):
            pass
        assert await stage.log.next("error", "worker.cut_off") == {"worker": stage.workers[0].pid}
        await stage.ended("error", "killed by SIGKILL")

    staged(test)(monkeypatch)


def test_a_worker_that_does_not_retire_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An old worker that does not end does not stop the replacement."""
    monkeypatch.setattr(supervisor_module, "END_SECONDS", 0.1)

    async def test(stage: Stage) -> None:
        stage.parts = ["deaf", "1"]
        async with stage.running(1) as supervisor:
            supervisor.replace(stage.replaced.set)
            await stage.log.next("info", "workers.replacing")
            await stage.started("replacement")
            await stage.log.next("error", "worker.cut_off")
            await stage.ended("error", "killed by SIGKILL")
            await stage.log.next("info", "workers.replaced")

    staged(test)(monkeypatch)


@staged
async def test_the_drain_is_that_of_the_workers(stage: Stage) -> None:
    """A stop lasts as long as the longest drain of a worker. A second one, and an interrupt, do not wait."""
    stage.parts = ["draining"]
    async with stage.running() as supervisor:
        assert supervisor.stop(Order.TERMINATE) == 300
        assert supervisor.stop(Order.TERMINATE) == 0


@staged
async def test_a_stop_during_the_start_ends_it(stage: Stage) -> None:
    """If the server stops before all workers serve, it ends without an error, and nothing is announced."""
    stage.parts = ["2", "silent"]
    supervisor = stage.supervisor()
    life = asyncio.create_task(supervisor.run(stage.announced.set, stage.released.set))
    await stage.started("start")
    while len(stage.workers) < 2:  # noqa: ASYNC110  the next turn of the loop is enough
        await asyncio.sleep(0)
    supervisor.stop(Order.INTERRUPT)
    stage.workers[1].kill()
    await life
    assert not stage.announced.is_set()


@staged
async def test_a_worker_that_starts_at_the_moment_of_the_stop_ends_too(stage: Stage) -> None:
    """It gets the order as soon as it lives. What it inherits is closed after its start, and not before."""

    async def start(cause: StartCause) -> Worker:
        worker = await stage.start(cause)
        if len(stage.workers) == 2:
            supervisor.stop(Order.INTERRUPT)
            assert not stage.released.is_set()
        return worker

    supervisor = Supervisor(start, stage.cleaned.append, 2, stage.backoff)
    await supervisor.run(stage.announced.set, stage.released.set)
    assert (stage.announced.is_set(), stage.released.is_set(), stage.causes) == (False, True, ["start", "start"])


@staged
async def test_nothing_is_started_again_after_a_stop(stage: Stage) -> None:
    """A worker that ends while the server stops stays ended, also if another was about to start in its place."""
    stage.parts = ["2", "deaf"]
    async with stage.running() as supervisor:
        supervisor.stop(Order.TERMINATE)
        os.kill(stage.workers[1].pid, signal.SIGKILL)
    assert stage.causes == ["start", "start"]
