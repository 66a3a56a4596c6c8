"""One thread for calls that may hang. Nothing waits for this thread, not even the end of the process.

The interpreter waits for every thread of a `ThreadPoolExecutor` before it ends, even if a disk blocks one of them.
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
Result = TypeVar("Result")


class DaemonThread(Executor):
    """Runs one call after the other. A call that is cancelled before it starts never runs."""

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._is_shut_down = False
        Thread(target=self._work, name=name, daemon=True).start()

    def submit(self, fn: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs) -> Future[Result]:
        """Queue a call.

        Raises:
            RuntimeError: `shutdown` was called before.
        """
        if self._is_shut_down:
            message = "the thread has ended"
            raise RuntimeError(message)
        future: Future[Result] = Future()
        self._calls.put((future, partial(fn, *args, **kwargs)))
        return future

    def shutdown(self, wait: bool = False, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  the standard library's signature
        """End the thread after all queued calls. Both arguments are ignored."""
        self._is_shut_down = True
        self._calls.put(None)

    def _work(self) -> None:
        while call := self._calls.get():
            future, run = call
            if future.set_running_or_notify_cancel():
                _settle(future, run)


def _settle(future: Future[Result], run: Callable[[], Result]) -> None:
    try:
        future.set_result(run())
    except BaseException as error:  # noqa: BLE001  the caller gets any error
        future.set_exception(error)
