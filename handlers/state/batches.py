"""Batches of calls to an engine. All calls of a batch share the cost of one commit or one round trip."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import repeat
from typing import Any, Generic, TypeVar

from handlers.state.port import TIMEOUT_SECONDS, StateDownError

Call = TypeVar("Call")
Result = TypeVar("Result")
Run = Callable[[Sequence[Call]], Awaitable[Sequence[Result | Exception]]]


GRACE_SECONDS = 0.02
"""The last part of the time limit. It begins when the event loop turns, so it is also there after a stall.

Without it, an event loop that stalled for the whole limit would drop answers that came meanwhile, without reading them.
"""


@asynccontextmanager
async def time_limit(began: float | None = None) -> AsyncIterator[None]:
    """Within the block, an engine has `TIMEOUT_SECONDS` since `began` (see `within_timeout`).

    Raises:
        TimeoutError: The time has passed.
    """
    loop = asyncio.get_running_loop()
    began = loop.time() if began is None else began
    async with asyncio.timeout(None) as limit:
        due = began + TIMEOUT_SECONDS - GRACE_SECONDS
        timer = loop.call_at(due, lambda: limit.reschedule(loop.time() + GRACE_SECONDS))
        try:
            yield
        finally:
            timer.cancel()


async def within_timeout(answer: Awaitable[Result], began: float | None = None) -> Result:
    """Wait for an engine's answer.

    `began` is when the call began, by the event loop's clock. By default it begins now. So a call of several steps has
    no more time than a call of one step.

    Raises:
        StateDownError: No answer came within `TIMEOUT_SECONDS`, or the answer is an error.
    """
    try:
        async with time_limit(began):
            return await answer
    except StateDownError:
        raise
    except Exception as error:
        raise _as_state_down(error) from error


def _as_state_down(error: Exception) -> StateDownError:
    if isinstance(error, StateDownError):
        return error
    timed_out = isinstance(error, TimeoutError)
    down = StateDownError(f"no answer within {TIMEOUT_SECONDS} s" if timed_out else f"{type(error).__name__}: {error}")
    down.__cause__ = error
    return down


class _Deadlines:
    """Gives each answer its own `TIMEOUT_SECONDS`. One timer is enough, because the oldest answer is due first.

    An answer that is due fails only after `GRACE_SECONDS` in which the event loop turned.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, answer: asyncio.Future[Any]) -> None:
        self._waiting.append((self._loop.time() + TIMEOUT_SECONDS - GRACE_SECONDS, answer))
        if self._timer is None:
            self._set_timer()

    def _set_timer(self) -> None:
        self._timer = self._loop.call_at(self._waiting[0][0], self._give_grace)

    def _give_grace(self) -> None:
        moment = max(self._loop.time(), self._waiting[0][0])  # A timer may be a little early.
        self._timer = self._loop.call_later(GRACE_SECONDS, self._expire, moment)

    def _expire(self, moment: float) -> None:
        """Fail the answers that were due at this moment, and drop those that came in time."""
        self._timer = None
        while self._waiting and (self._waiting[0][1].done() or self._waiting[0][0] <= moment):
            _, answer = self._waiting.popleft()
            _settle([answer], [TimeoutError()])
        if self._waiting:
            self._set_timer()


def _settle(answers: Iterable[asyncio.Future[Result]], results: Iterable[Result | Exception]) -> None:
    for answer, result in zip(answers, results, strict=False):
        if answer.done():
            continue
        if isinstance(result, Exception):
            answer.set_exception(_as_state_down(result))
        else:
            answer.set_result(result)


class Batches(Generic[Call, Result]):
    """Collects the calls of one turn of the event loop, and the calls that come while another batch runs.

    `run` takes a batch, and returns one result for each call, in the same order. An exception in it fails that call
    alone. Only one batch runs at a time. A call whose caller gave up before its batch began never runs.
    """

    def __init__(self, run: Run[Call, Result]) -> None:
        self._run = run
        self._loop: asyncio.AbstractEventLoop | None = None
        self._deadlines: _Deadlines
        self._queue: deque[tuple[asyncio.Future[Result], Call]]
        self._runner: asyncio.Task[None] | None

    async def call(self, call: Call) -> Result:
        """Join the next batch, and wait for the result.

        Raises:
            StateDownError: No answer came within `TIMEOUT_SECONDS` from now, or the answer is an error.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._use_loop(loop)
        answer: asyncio.Future[Result] = loop.create_future()
        self._enqueue(answer, call)
        self._deadlines.add(answer)
        if self._runner is None:
            self._runner = loop.create_task(self._run_all())  # The task begins in the next turn of the loop.
        return await answer

    def _use_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start with this event loop, and drop the calls of another one."""
        self._loop, self._deadlines = loop, _Deadlines(loop)
        self._queue, self._runner = deque(), None

    def _enqueue(self, answer: asyncio.Future[Result], call: Call) -> None:
        """Add a call, and drop settled ones. So while an engine hangs, only calls of the last 0.5 s wait."""
        while self._queue and self._queue[0][0].done():
            self._queue.popleft()
        self._queue.append((answer, call))

    async def _run_all(self) -> None:
        while self._queue:
            batch = [each for each in self._queue if not each[0].done()]
            self._queue.clear()
            if batch:
                answers, calls = zip(*batch, strict=True)
                _settle(answers, await self._results(calls))
        self._runner = None

    async def _results(self, calls: Sequence[Call]) -> Iterable[Result | Exception]:
        try:
            return await self._run(calls)
        except Exception as error:  # noqa: BLE001  each caller gets the error
            return repeat(error)
