"""Changing the state that instances share, from a command: write, wait for every server to read it, read it back."""

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

TAKEN_UP_SECONDS = LARGEST_AGE_SECONDS
"""After this time every server has read what was written, or refuses requests because it cannot read."""

Result = TypeVar("Result")


Held = Mapping[str, datetime]
"""The revocations and suspensions in a state, in the form of `State.revocations`."""


def change(
    url: StateUrl, write: Callable[[Engine], Awaitable[None]], holds: Callable[[Held], bool], undone: str
) -> None:
    """Write to the state, wait until the servers have read it, and read it back as a server that starts now would.

    `holds` checks what is read back. `undone` begins the error message if nothing could be written.

    Raises:
        MisuseError: nothing could be written, or what was written cannot be read back.
    """
    _ask(url, write, undone)
    sleep(TAKEN_UP_SECONDS)
    if not holds(read(url, "it was written, and cannot be read back")):
        message = "what was written is not in the state that state.url names: it was replaced meanwhile; run this again"
        raise UsageError(message)


def read(url: StateUrl, undone: str = "it is not known what the state holds") -> Held:
    """What is revoked and who is suspended. If there is no state yet, it is empty, and none is made.

    Raises:
        MisuseError: the state cannot be read.
    """
    return _ask(url, lambda state: state.revocations(system_clock()), undone) if url.may_exist else {}


def _ask(url: StateUrl, ask: Callable[[Engine], Awaitable[Result]], undone: str) -> Result:
    async def asked() -> Result:
        state = url.open()
        try:
            return await ask(state)
        finally:
            await state.close()

    try:
        return asyncio.run(asked())
    except (StateDownError, OSError, ValueError) as error:
        cause = str(error.__cause__ or error) or error  # A time-out has no text of its own.
        message = f"{undone}: the state engine that state.url names does not answer: {cause}"
        raise UsageError(message) from error
