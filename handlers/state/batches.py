"""Calls that go to the engine together: whatever a trip costs, a commit or a packet, is paid once for all of them."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import repeat
from typing import Any, Generic, TypeVar

from handlers.state.port import TIMEOUT_SECONDS, StateDownError

Call = TypeVar("Call")
Result = TypeVar("Result")
Run = Callable[[Sequence[Call]], Awaitable[Sequence[Result | Exception]]]


async def within_timeout(answer: Awaitable[Result], began: float | None = None) -> Result:
    """Wait for an engine's answer.

    `began` is the time by the event loop's clock at which the call began, if it began earlier. A call of several steps
    has no more time than others.

    Raises:
        StateDownError: there is none within `TIMEOUT_SECONDS`, or it is an error.
    """
    began = asyncio.get_running_loop().time() if began is None else began
    try:
        async with asyncio.timeout_at(began + TIMEOUT_SECONDS):
            return await answer
    except StateDownError:
        raise
    except Exception as error:
        raise _down(error) from error


def _down(error: Exception) -> StateDownError:
    if isinstance(error, StateDownError):
        return error
    late = isinstance(error, TimeoutError)
    down = StateDownError(f"no answer within {TIMEOUT_SECONDS} s" if late else f"{type(error).__name__}: {error}")
    down.__cause__ = error
    return down


class _Deadlines:
    """Gives each answer `TIMEOUT_SECONDS` of its own. One timer is enough: the oldest answer is due first."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, answer: asyncio.Future[Any]) -> None:
        self._waiting.append((self._loop.time() + TIMEOUT_SECONDS, answer))
        if self._timer is None:
            self._set_timer()

    def _set_timer(self) -> None:
        self._timer = self._loop.call_at(self._waiting[0][0], self._look)

    def _look(self) -> None:
        """Fail the answers that are due, and drop those that came in time."""
        self._timer = None
        while self._waiting and (self._waiting[0][1].done() or self._waiting[0][0] <= self._loop.time()):
            _, answer = self._waiting.popleft()
            _settle([answer], [TimeoutError()])
        if self._waiting:
            self._set_timer()


def _settle(answers: Iterable[asyncio.Future[Result]], results: Iterable[Result | Exception]) -> None:
    for answer, result in zip(answers, results, strict=False):
        if answer.done():
            continue
        if isinstance(result, Exception):
            answer.set_exception(_down(result))
        else:
            answer.set_result(result)


class Batches(Generic[Call, Result]):
    """Gathers the calls of one turn of the event loop, and those that come while a batch is under way.

    `run` takes a batch and answers each call in its order, an exception for one that failed alone. One batch is
    under way at a time. A call whose caller gave up before its batch began is never made.
    """

    def __init__(self, run: Run[Call, Result]) -> None:
        self._run = run
        self._loop: asyncio.AbstractEventLoop | None = None
        self._deadlines: _Deadlines
        self._gathered: deque[tuple[asyncio.Future[Result], Call]]
        self._runner: asyncio.Task[None] | None

    async def call(self, call: Call) -> Result:
        """Join the next batch; StateDownError if there is no good answer within `TIMEOUT_SECONDS` from now."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._begin(loop)
        answer: asyncio.Future[Result] = loop.create_future()
        self._gather(answer, call)
        self._deadlines.add(answer)
        if self._runner is None:
            self._runner = loop.create_task(self._run_all())  # It begins in the next turn of the loop.
        return await answer

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin with this event loop, and forget what another one left."""
        self._loop, self._deadlines = loop, _Deadlines(loop)
        self._gathered, self._runner = deque(), None

    def _gather(self, answer: asyncio.Future[Result], call: Call) -> None:
        """Add a call, and drop settled ones: while an engine hangs, only calls of the last half second are kept."""
        while self._gathered and self._gathered[0][0].done():
            self._gathered.popleft()
        self._gathered.append((answer, call))

    async def _run_all(self) -> None:
        while self._gathered:
            batch = [each for each in self._gathered if not each[0].done()]
            self._gathered.clear()
            if batch:
                answers, calls = zip(*batch, strict=True)
                _settle(answers, await self._results(calls))
        self._runner = None

    async def _results(self, calls: Sequence[Call]) -> Iterable[Result | Exception]:
        try:
            return await self._run(calls)
        except Exception as error:  # noqa: BLE001  each caller gets the error
            return repeat(error)
