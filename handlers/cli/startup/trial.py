"""`snap-token serve --check`: try all that a start needs, and release it again."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory, TemporaryFile

from handlers.cli.errors import UsageError, settings_of
from handlers.cli.files.server_user import file_of_server_user
from handlers.cli.startup.steps import listener, made, require_libraries
from handlers.config import setting_warnings
from handlers.config.settings import Settings
from handlers.server.openapi.application import internal_api, public_api
from handlers.server.process.assembly import system_clock
from handlers.services import Services
from handlers.state.opening import StateUrl
from handlers.state.port import StateDownError

_PROBE_SECONDS = 1


def check(config: Path) -> None:
    """Say whether a server with these settings would start. Warnings go to standard error.

    Raises:
        MisuseError: everything that keeps it from starting, one line each.
    """
    require_libraries()
    settings = settings_of(config)
    for warning in _warnings(settings):
        sys.stderr.write(f"snap-token: warning: {config}: {warning}\n")
    mistakes = [mistake for attempt in _attempts(settings) for mistake in _mistakes(attempt)]
    if mistakes:
        raise UsageError(*(f"{config}: {mistake}" for mistake in mistakes))
    sys.stdout.write(f"{config}: good\n")


def _warnings(settings: Settings) -> Iterator[str]:
    found = [
        *setting_warnings.of_settings(settings, system_clock()),
        *asyncio.run(setting_warnings.of_state(settings.state.url)),
    ]
    yield from (warning.message for warning in found)
    user = file_of_server_user(settings.file, settings).stat().st_uid
    if os.geteuid() == 0 != user:
        yield f"this was checked as root, who can use every file, and the server's user is {user}: check as that user"


def _attempts(settings: Settings) -> Iterator[Callable[[], object]]:
    yield lambda: listener(settings.server, "server").close()
    internal = settings.internal
    if internal:
        yield lambda: listener(internal, "internal").close()
    yield lambda: _use(settings.state.url)
    yield lambda: _capture(settings.debug.capture_dir)
    yield lambda: made(public_api(settings.server.base_path), no_services)
    if internal:
        yield lambda: made(internal_api(internal, no_services), no_services)


def _mistakes(attempt: Callable[[], object]) -> tuple[str, ...]:
    try:
        attempt()
    except UsageError as error:
        return error.mistakes
    return ()


def _use(url: StateUrl) -> None:
    """Write to the state and read it. A missing file of SQLite is not made: a temporary one is tried in its folder."""
    try:
        if url.file and not url.file.exists():
            with TemporaryDirectory(prefix=".snap-token-check-", dir=url.file.parent) as folder:
                asyncio.run(_used(StateUrl("sqlite:///state.db", Path(folder))))
        else:
            asyncio.run(_used(url))
    except (StateDownError, OSError, ValueError) as error:
        message = f"state.url: {_cause(error)}"
        raise UsageError(message) from error


def _cause(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"nothing can be written into {Path(error.filename).parent}: {error.strerror}"
    if isinstance(error, StateDownError):
        return f"the state cannot be used: {error}; see that it can be reached and written, or set state.url"
    return str(error)


async def _used(url: StateUrl) -> None:
    state, key, now = url.open(starting=True), f"check:{token_hex()}", system_clock()
    try:
        await state.first_seen(key, _PROBE_SECONDS, now)
        await state.revocations(now)
    finally:
        await state.close()


def _capture(folder: Path | None) -> None:
    try:
        if folder:
            TemporaryFile(dir=folder).close()
    except OSError as error:
        message = f"debug.capture_dir: nothing can be written into {folder}: {error.strerror}"
        raise UsageError(message) from error


def no_services() -> Services:
    """In place of services, for an application that answers no request."""
    raise NotImplementedError
