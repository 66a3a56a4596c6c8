"""Keeps a number of workers running, and replaces them one after the other."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

import structlog

from handlers.server.observability.metrics.definitions import StartCause
from handlers.server.process.exit_deadline import LONGEST_END_SECONDS
from handlers.server.process.workers.backoff import Backoff
from handlers.server.process.workers.messages import Order
from handlers.server.process.workers.worker import LONGEST_START_SECONDS, CannotStartError, Worker, ending

END_SECONDS = LONGEST_END_SECONDS + 0.5
"""Time limit for the end of a worker, after its drain. It is longer than the worker's own limit."""

StartWorker = Callable[[StartCause], Awaitable[Worker]]
CleanUp = Callable[[int], None]
"""Removes what a worker left, by its process ID. It may read and write files."""

_log = structlog.get_logger()


class Supervisor:
    """The workers of one server.

    A worker that ends by itself is started again after a pause. To replace all workers, one new worker starts and
    serves, then one old worker finishes its requests and ends, and so on. So there is always a worker that accepts.
    """

    def __init__(self, start_worker: StartWorker, clean_up: CleanUp, number: int, backoff: Backoff) -> None:
        self._start_worker = start_worker
        self._clean_up = clean_up
        self._number = number
        self._generation = 0
        self._backoff = backoff
        self._serving: list[Worker] = []
        self._living: dict[Worker, asyncio.Task[None]] = {}
        self._beside: set[asyncio.Task[None]] = set()
        self._starting = asyncio.Lock()
        self._is_stopping = asyncio.Event()
        self._is_replacing = asyncio.Event()
        self._requests = list[Callable[[], None]]()

    async def run(self, announce: Callable[[], None], release: Callable[[], None]) -> None:
        """Start all workers, call `announce`, and return when all have ended after `stop`.

        `release` is called after `stop`, as soon as no further worker can start: it closes what workers inherit.

        Raises:
            CannotStartError: A worker cannot start, and no worker has served before it.
        """
        work = asyncio.create_task(self._work(announce))
        stop = asyncio.create_task(self._is_stopping.wait())
        await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not self._is_stopping.is_set():
            self.stop(Order.INTERRUPT)
        await _cancel(work, *self._beside)
        release()
        self._interrupt_late_ones()
        await asyncio.gather(*self._living.values())
        if not work.cancelled():
            work.result()

    def stop(self, order: Order) -> int:
        """Let all workers end, and return the seconds of their drain.

        A worker that does not end is killed after its drain and `END_SECONDS`.
        """
        drain = max((each.drain_seconds for each in self._living), default=0) if order is Order.TERMINATE else 0
        seconds = 0 if self._is_stopping.is_set() else drain
        self._is_stopping.set()
        self.order(order)
        asyncio.get_running_loop().call_later(seconds + END_SECONDS, self._kill, list(self._living))
        return seconds

    def _interrupt_late_ones(self) -> None:
        """Let a worker end that was being started at the stop, so that it got no order."""
        for worker in self._living:
            if not worker.is_released:
                worker.order(Order.INTERRUPT)

    def order(self, order: Order) -> None:
        """Give an order to all workers."""
        for worker in self._living:
            worker.order(order)

    def reload(self, done: Callable[[], None]) -> None:
        """Let all workers read their settings again. Call `done` when they have, or have ended."""
        self.order(Order.RELOAD)
        self._run_beside(_await_reload([each for each in self._living if each.has_served], done))

    def replace(self, done: Callable[[], None]) -> None:
        """Replace all workers by new ones, which run what is installed now. Call `done` at the end."""
        self._requests.append(done)
        self._is_replacing.set()

    async def _work(self, announce: Callable[[], None]) -> None:
        async with self._starting:
            await self._add("start")  # It alone, because all of them would find the same mistakes.
            await asyncio.gather(*(self._add("start") for _ in range(self._number - 1)))
        announce()
        while True:
            await self._is_replacing.wait()
            self._is_replacing.clear()
            requests, self._requests = self._requests, []
            await self._replace_all()
            for done in requests:
                done()

    async def _add(self, cause: StartCause) -> int:
        """Start a worker, and return the number of workers that its settings want."""
        generation = self._generation
        worker = await self._start_worker(cause)
        worker.generation = generation
        self._living[worker] = asyncio.create_task(self._watch(worker))
        report = await worker.serving()
        if worker not in self._living:
            message = f"worker {worker.pid} ended as soon as it served"
            raise CannotStartError(message)
        self._serving.append(worker)
        self._run_beside(self._end_if_silent(worker))
        _log.info("worker.started", worker=worker.pid, cause=cause)
        return report.workers

    async def _watch(self, worker: Worker) -> None:
        status = await worker.ended()
        del self._living[worker]
        if worker.has_served:  # Otherwise the error of `serving` says how it ended.
            log = _log.info if worker.is_released and status == 0 else _log.error
            log("worker.ended", worker=worker.pid, ending=ending(status))
        if worker in self._serving:
            self._serving.remove(worker)
            if not worker.is_released:
                self._run_beside(self._restart())
        await asyncio.to_thread(self._clean_up, worker.pid)

    async def _end_if_silent(self, worker: Worker) -> None:
        """End a worker that is hung. One that was told to end has its own time limit."""
        if await worker.falls_silent() and not worker.is_released:
            _log.error("worker.hung", worker=worker.pid)
            worker.kill()

    def _run_beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _restart(self) -> None:
        is_started = False
        while not is_started:
            await asyncio.sleep(self._backoff.next())
            is_started = await self._fill_up()

    async def _fill_up(self) -> bool:
        """Start a worker if one is missing. Return false if it cannot start."""
        async with self._starting:
            try:
                if len(self._serving) < self._number:
                    await self._add("crash")
            except CannotStartError as error:
                _log.error("worker.not_started", mistakes=error.mistakes)
                return False
        return True

    async def _replace_all(self) -> None:
        self._generation += 1
        replaced = 0
        _log.info("workers.replacing", workers=len(self._serving))
        try:
            while await self._replace_one():
                replaced += 1
        except CannotStartError as error:
            _log.error("workers.not_replaced", mistakes=error.mistakes, replaced=replaced)
        else:
            await asyncio.gather(*map(self._retire, self._serving[self._number :]))
            _log.info("workers.replaced", workers=replaced)

    async def _replace_one(self) -> bool:
        """Start a new worker, and then end an old one, if there is one. Return false if there is nothing to do."""
        async with self._starting:
            old = [each for each in self._serving if each.generation < self._generation]
            if not old and len(self._serving) >= self._number:
                return False
            self._number = await self._add("replacement")
        if old:
            await self._retire(old[0])
        return True

    async def _retire(self, worker: Worker) -> None:
        """Let a worker end, and wait until it has. It may have ended already."""
        watching = self._living.get(worker)
        if watching:
            self._serving.remove(worker)
            worker.order(Order.RETIRE)
            asyncio.get_running_loop().call_later(END_SECONDS, self._kill, [worker])
            await asyncio.wait([watching])

    def _kill(self, workers: list[Worker]) -> None:
        for worker in self._living.keys() & workers:
            _log.error("worker.cut_off", worker=worker.pid)
            worker.kill()


async def _await_reload(workers: Sequence[Worker], done: Callable[[], None]) -> None:
    """Call `done` when all these workers have reloaded. A worker of an older release does not say so."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LONGEST_START_SECONDS):
            for worker in workers:
                await worker.has_reloaded.wait()
    done()


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
