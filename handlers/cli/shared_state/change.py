"""Change the shared state from a command: write, wait until every server has read the change, and read it back."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from time import sleep
from typing import TypeVar

from handlers.cli.errors import UsageError
from handlers.server.process.assembly import system_clock
from handlers.state.opening import StateUrl
from handlers.state.port import Engine, StateDownError
from handlers.state.revocation_cache import LARGEST_AGE_SECONDS

PROPAGATION_SECONDS = LARGEST_AGE_SECONDS
"""After this time every server has read the change. A server that cannot read it refuses requests."""

StateEntries = Mapping[str, datetime]
"""The revocations and suspensions in the state store. See `State.revocations`."""

Result = TypeVar("Result")


def change(
    url: StateUrl, write: Callable[[Engine], Awaitable[None]], is_written: Callable[[StateEntries], bool], failure: str
) -> None:
    """Write to the state store, wait until the servers have read the change, and read it back on a new connection.

    `is_written` checks the entries that were read back. `failure` begins the error message if the write failed.

    Raises:
        UsageError: the write failed, or the change cannot be read back.
    """
    _run(url, write, failure)
    sleep(PROPAGATION_SECONDS)
    if not is_written(read(url, "the change was written, but it cannot be read back")):
        message = "the change is not in the state store of state.url, which was replaced meanwhile; run this again"
        raise UsageError(message)


def read(url: StateUrl, failure: str = "the entries of the state store are not known") -> StateEntries:
    """The revocations and suspensions in the state store. A file that does not exist is empty, and is not created.

    Raises:
        UsageError: the state store cannot be read. The message begins with `failure`.
    """
    return _run(url, lambda state: state.revocations(system_clock()), failure) if url.may_exist else {}


def _run(url: StateUrl, operation: Callable[[Engine], Awaitable[Result]], failure: str) -> Result:
    async def run() -> Result:
        state = url.open()
        try:
            return await operation(state)
        finally:
            await state.close()

    try:
        return asyncio.run(run())
    except (StateDownError, OSError, ValueError) as error:
        cause = str(error.__cause__ or error) or error  # A time-out has no text of its own.
        message = f"{failure}: the state store of state.url does not answer: {cause}"
        raise UsageError(message) from error
