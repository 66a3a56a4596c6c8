"""`snap-token serve --check`: open everything that a start needs, and close it again."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory, TemporaryFile

from handlers.audit.files import LOCK
from handlers.audit.first_write import require_writable
from handlers.cli.errors import UsageError
from handlers.cli.files.server_user import server_user_file
from handlers.cli.settings_file import load_settings
from handlers.cli.startup.resources import audit_mistake, build_application, open_listener, require_libraries
from handlers.config import setting_warnings
from handlers.config.audit_table import Audit
from handlers.config.listener import Listener
from handlers.config.listeners import listeners_of
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
    notes: list[str] = []
    mistakes = [mistake for attempt in _attempts(settings, notes.append) for mistake in mistakes_of(attempt)]
    if mistakes:
        raise UsageError(*(f"{config}: {mistake}" for mistake in mistakes))
    sys.stdout.writelines(f"{config}: {line}\n" for line in (*notes, "good"))


def _warnings(settings: Settings) -> Iterator[str]:
    warnings = [
        *setting_warnings.of_settings(settings, system_clock()),
        *asyncio.run(setting_warnings.of_state(settings.state.url)),
    ]
    yield from (warning.message for warning in warnings)
    if message := root_warning(settings):
        yield message


def root_warning(settings: Settings) -> str | None:
    """A warning if root runs the check for a server of another user. None otherwise."""
    user = server_user_file(settings.file).stat().st_uid
    if os.geteuid() == 0 != user:
        return f"root ran this check, and root can use every file; run it again as the server's user, {user}"
    return None


def _attempts(settings: Settings, note: Callable[[str], None]) -> Iterator[Callable[[], object]]:
    for name, table in listeners_of(settings).items():
        yield partial(_try_listener, table, name, note)
    yield lambda: try_state(settings.state.url)
    yield from folder_attempts(settings)
    yield from document_attempts(settings)


def _try_listener(table: Listener, name: str, note: Callable[[str], None]) -> None:
    """Open the listener. An address that a server of ours uses is no mistake: it is checked before it restarts."""
    try:
        with open_listener(table, name):
            pass
    except UsageError:
        if not _is_used_by_us(table, name):
            raise
        note(f"a running server uses {table.socket or f'{table.host}:{table.port}'}; stop it before another one starts")


def _is_used_by_us(table: Listener, name: str) -> bool:
    from handlers.cli.startup import running_server  # noqa: PLC0415  a start does not need its slow library

    return running_server.is_ours(running_server.ask_listener(table, name))


def folder_attempts(settings: Settings) -> Iterator[Callable[[], object]]:
    """Attempts to write to the folders of these settings. Each raises UsageError if it fails."""
    yield lambda: _try_capture_folder(settings.debug.capture_dir)
    audit = settings.audit
    if audit:
        yield lambda: _try_audit_folder(audit)


def document_attempts(settings: Settings) -> Iterator[Callable[[], object]]:
    """Attempts to serve the API documents of these settings. Each raises UsageError if it fails."""
    internal = settings.internal
    yield lambda: build_application(public_api(settings.server.base_path), no_services)
    if internal:
        yield lambda: build_application(internal_api(internal, no_services), no_services)


def mistakes_of(attempt: Callable[[], object]) -> tuple[str, ...]:
    """The mistakes of the UsageError that the attempt raises. None if it succeeds."""
    try:
        attempt()
    except UsageError as error:
        return error.mistakes
    return ()


def try_state(url: StateUrl) -> None:
    """Write an entry, which expires by itself, to the state store, replace it when it has expired, and read from it.

    A missing SQLite file is not created. A temporary file in the same folder is used in its place.

    Raises:
        UsageError: the state store cannot be used.
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
        for at in (now, now + timedelta(seconds=_PROBE_SECONDS)):  # Redis has a right of its own for expired entries.
            await state.first_seen(key, _PROBE_SECONDS, at)
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


def _try_audit_folder(audit: Audit) -> None:
    """A folder that has no trail yet stays as it is. A temporary folder in it, or beside it, is used in its place.

    Otherwise a check by root would leave a lock there that the server's user cannot open.
    """
    try:
        if (audit.dir / LOCK).exists():
            require_writable(audit.dir, audit.group)
        else:
            parent = audit.dir if audit.dir.exists() else audit.dir.parent
            with TemporaryDirectory(prefix=".snap-token-check-", dir=parent) as folder:
                require_writable(Path(folder), audit.group)
    except OSError as error:
        raise UsageError(audit_mistake(audit, error)) from error


def no_services() -> Services:
    """The services of an application that answers no request."""
    raise NotImplementedError
