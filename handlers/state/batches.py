"""Calls that go to the engine together: whatever a trip costs, a commit or a packet, is paid once for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import repeat
from typing import Generic, TypeVar

from handlers.state.port import TIMEOUT_SECONDS, StateDownError

Call = TypeVar("Call")
Result = TypeVar("Result")
Run = Callable[[Sequence[Call]], Awaitable[Sequence[Result | Exception]]]


async def in_time(answer: Awaitable[Result]) -> Result:
    """Wait for an engine's answer.

    Raises:
        StateDownError: there is none within `TIMEOUT_SECONDS`, or it is an error.
    """
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await answer
    except Exception as error:
        raise _down(error) from error


def _down(error: Exception) -> StateDownError:
    late = isinstance(error, TimeoutError)
    return StateDownError(f"no answer within {TIMEOUT_SECONDS} s" if late else f"{type(error).__name__}: {error}")


class _Batch(Generic[Call, Result]):
    """Calls that go together. One timer is enough: from the first of them on they have `TIMEOUT_SECONDS`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._calls: dict[asyncio.Future[Result], Call] = {}
        self._deadline = loop.call_later(TIMEOUT_SECONDS, self._settle, repeat(TimeoutError()))

    def add(self, call: Call) -> asyncio.Future[Result]:
        answer: asyncio.Future[Result] = self._loop.create_future()
        self._calls[answer] = call
        return answer

    async def run(self, run: Run[Call, Result]) -> None:
        """Answer each call whose caller still waits."""
        self._calls = {answer: call for answer, call in self._calls.items() if not answer.done()}
        if self._calls:
            self._settle(await _results(run, list(self._calls.values())))
        self._deadline.cancel()

    def _settle(self, results: Iterable[Result | Exception]) -> None:
        for answer, result in zip(self._calls, results, strict=False):
            if answer.done():
                continue
            if isinstance(result, Exception):
                down = _down(result)
                down.__cause__ = result
                answer.set_exception(down)
            else:
                answer.set_result(result)


async def _results(run: Run[Call, Result], calls: Sequence[Call]) -> Iterable[Result | Exception]:
    try:
        return await run(calls)
    except Exception as error:  # noqa: BLE001  whatever it is, each caller hears of it
        return repeat(error)


class Batches(Generic[Call, Result]):
    """Gathers the calls of one turn of the event loop, and those that come while a batch is under way.

    `run` takes a batch and answers each call in its order, an exception for one that failed alone. One batch is
    under way at a time. A call whose caller gave up before its batch began is never made.
    """

    def __init__(self, run: Run[Call, Result]) -> None:
        self._run = run
        self._next: _Batch[Call, Result] | None = None
        self._runner: asyncio.Task[None] | None = None

    async def call(self, call: Call) -> Result:
        """Join the next batch; StateDownError if there is no good answer in time."""
        loop = asyncio.get_running_loop()
        if self._runner is None or self._runner.done():
            self._next = None  # What another event loop may have left.
            self._runner = loop.create_task(self._run_all())  # It begins in the next turn of the loop.
        self._next = self._next or _Batch(loop)
        return await self._next.add(call)

    async def _run_all(self) -> None:
        while self._next:
            batch, self._next = self._next, None
            await batch.run(self._run)
