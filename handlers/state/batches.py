"""Calls that go to the engine together: whatever a trip costs, a commit or a packet, is paid once for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from handlers.state.port import TIMEOUT_SECONDS, StateDownError

Call = TypeVar("Call")
Result = TypeVar("Result")


async def in_time(answer: Awaitable[Result]) -> Result:
    """Wait for an engine's answer.

    Raises:
        StateDownError: there is none within `TIMEOUT_SECONDS`, or it is an error.
    """
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await answer
    except TimeoutError as error:
        message = f"no answer within {TIMEOUT_SECONDS} s"
        raise StateDownError(message) from error
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        raise StateDownError(message) from error


class Batches(Generic[Call, Result]):
    """Gathers the calls of one turn of the event loop, and those that come while a batch is under way.

    `run` takes a batch and answers each call in its order, an exception for one that failed alone. One batch is
    under way at a time. A call whose caller gave up before its batch began is never made.
    """

    def __init__(self, run: Callable[[Sequence[Call]], Awaitable[Sequence[Result | Exception]]]) -> None:
        self._run = run
        self._waiting: dict[asyncio.Future[Result], Call] = {}
        self._runner: asyncio.Task[None] | None = None

    async def call(self, call: Call) -> Result:
        """Join the next batch; StateDownError if there is no good answer in time."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Result] = loop.create_future()
        self._waiting[answer] = call
        if self._runner is None or self._runner.done():
            self._runner = loop.create_task(self._run_all())  # It begins in the next turn of the loop.
        try:
            return await in_time(answer)
        finally:
            self._waiting.pop(answer, None)

    async def _run_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, {}
            for answer, result in zip(batch, await self._results(list(batch.values())), strict=True):
                _settle(answer, result)

    async def _results(self, calls: Sequence[Call]) -> Sequence[Result | Exception]:
        try:
            return await self._run(calls)
        except Exception as error:  # noqa: BLE001  whatever it is, each caller hears of it
            return [error] * len(calls)


def _settle(answer: asyncio.Future[Result], result: Result | Exception) -> None:
    if answer.done():
        return
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)
