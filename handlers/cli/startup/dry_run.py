"""`snap-token serve --check`: open everything that a start needs, and close it again."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory, TemporaryFile

from handlers.cli.errors import UsageError, load_settings
from handlers.cli.files.server_user import server_user_file
from handlers.cli.startup.resources import build_application, open_listener, require_libraries
from handlers.config import setting_warnings
from handlers.config.settings import Settings
from handlers.server.openapi.application import internal_api, public_api
from handlers.server.process.assembly import system_clock
from handlers.services import Services
from handlers.state.opening import StateUrl
from handlers.state.port import StateDownError

_PROBE_SECONDS = 1


def check(config: Path) -> None:
    """Print whether a server with these settings would start. Print warnings to standard error.

    Raises:
        UsageError: the server would not start. It has one line for each reason.
    """
    require_libraries()
    settings = load_settings(config)
    for warning in _warnings(settings):
        sys.stderr.write(f"snap-token: warning: {config}: {warning}\n")
    mistakes = [mistake for attempt in _attempts(settings) for mistake in _mistakes_of(attempt)]
    if mistakes:
        raise UsageError(*(f"{config}: {mistake}" for mistake in mistakes))
    sys.stdout.write(f"{config}: good\n")


def _warnings(settings: Settings) -> Iterator[str]:
    warnings = [
        *setting_warnings.of_settings(settings, system_clock()),
        *asyncio.run(setting_warnings.of_state(settings.state.url)),
    ]
    yield from (warning.message for warning in warnings)
    user = server_user_file(settings.file).stat().st_uid
    if os.geteuid() == 0 != user:
        yield f"root ran this check, and root can use every file; run it again as the server's user, {user}"


def _attempts(settings: Settings) -> Iterator[Callable[[], object]]:
    yield lambda: open_listener(settings.server, "server").close()
    internal = settings.internal
    if internal:
        yield lambda: open_listener(internal, "internal").close()
    yield lambda: _try_state(settings.state.url)
    yield lambda: _try_capture_folder(settings.debug.capture_dir)
    yield lambda: build_application(public_api(settings.server.base_path), no_services)
    if internal:
        yield lambda: build_application(internal_api(internal, no_services), no_services)


def _mistakes_of(attempt: Callable[[], object]) -> tuple[str, ...]:
    try:
        attempt()
    except UsageError as error:
        return error.mistakes
    return ()


def _try_state(url: StateUrl) -> None:
    """Write to the state store and read it.

    A missing SQLite file is not created. A temporary file in the same folder is used in its place.
    """
    try:
        if url.file and not url.file.exists():
            with TemporaryDirectory(prefix=".snap-token-check-", dir=url.file.parent) as folder:
                asyncio.run(_write_and_read(StateUrl("sqlite:///state.db", Path(folder))))
        else:
            asyncio.run(_write_and_read(url))
    except (StateDownError, OSError, ValueError) as error:
        message = f"state.url: {_cause(error)}"
        raise UsageError(message) from error


def _cause(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"no file can be written in {Path(error.filename).parent}: {error.strerror}"
    if isinstance(error, StateDownError):
        return f"the state store cannot be used: {error}; make it reachable and writable, or set another state.url"
    return str(error)


async def _write_and_read(url: StateUrl) -> None:
    state, key, now = url.open(starting=True), f"check:{token_hex()}", system_clock()
    try:
        await state.first_seen(key, _PROBE_SECONDS, now)
        await state.revocations(now)
    finally:
        await state.close()


def _try_capture_folder(folder: Path | None) -> None:
    try:
        if folder:
            TemporaryFile(dir=folder).close()
    except OSError as error:
        message = f"debug.capture_dir: no file can be written in {folder}: {error.strerror}"
        raise UsageError(message) from error


def no_services() -> Services:
    """The services of an application that answers no request."""
    raise NotImplementedError
