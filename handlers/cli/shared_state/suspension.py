"""Suspend and resume clients, in the state store for every instance that shares it, and in the settings file."""

from pathlib import Path

from handlers.cli.errors import UsageError
from handlers.cli.files.atomic_write import locked, replace
from handlers.cli.files.audit_record import record_change
from handlers.cli.files.edit_settings import with_suspended
from handlers.cli.files.server_user import acting_as_server_user
from handlers.cli.settings_file import client_index, load_settings
from handlers.cli.shared_state import change
from handlers.cli.shared_state.change import StateEntries
from handlers.config.settings import Settings
from handlers.config.tables import ClientTable
from handlers.server.process.assembly import system_clock
from handlers.snap.timestamp import render
from handlers.state.port import SUSPENDED, Engine

# A state store that does not answer may still make the change.
_STATE_FAILURE = "the settings file is not changed, and the state store may or may not be changed"
_MEMORY_NOTE = "state.url is memory://, so running servers read this change only from this settings file"
_OTHER_FILES_NOTE = "an instance with its own settings file may still refuse it: set suspended = false there, too"


def suspend(config: Path, client: str) -> str:
    """Suspend the client in the state store and in the settings file, and return the lines to print.

    Raises:
        UsageError: the state store or the settings file could not be changed. The message says which.
    """
    return _set(config, client, suspended=True)


def resume(config: Path, client: str) -> str:
    """Resume the client in the state store and in the settings file, and return the lines to print.

    Raises:
        UsageError: see `suspend`.
    """
    return _set(config, client, suspended=False)


def _set(config: Path, client: str, *, suspended: bool) -> str:
    result = f"{client} is {'' if suspended else 'not '}suspended"
    settings = load_settings(config)
    client_index(client, settings, config)
    with acting_as_server_user(settings):
        _set_in_state(settings, client, suspended=suspended)
    try:
        _set_in_file(config, client, suspended=suspended)
    except UsageError as error:
        if settings.state.url.is_single_process:
            raise
        message = f"{result} in the state store, but the settings file is not changed: {error}"
        raise UsageError(message) from error
    record_change(settings, "client.suspended" if suspended else "client.resumed", client=client)
    return "\n".join([result, *_notes(settings, suspended=suspended), ""])


def _set_in_file(config: Path, client: str, *, suspended: bool) -> None:
    with locked(config.parent):
        index = client_index(client, load_settings(config), config)
        replace(config, with_suspended(config, index, suspended=suspended), lambda draft: load_settings(config, draft))


def _set_in_state(settings: Settings, client: str, *, suspended: bool) -> None:
    """Change the state store, if other processes share it."""

    async def write(state: Engine) -> None:
        await (state.suspend(client, system_clock()) if suspended else state.resume(client))

    def is_written(entries: StateEntries) -> bool:
        return (SUSPENDED + client in entries) is suspended

    if not settings.state.url.is_single_process:
        change.change(settings.state.url, write, is_written, _STATE_FAILURE)


def _notes(settings: Settings, *, suspended: bool) -> list[str]:
    if settings.state.url.is_single_process:
        return [_MEMORY_NOTE]
    return [] if suspended else [_OTHER_FILES_NOTE]


def summary(client: ClientTable, state: StateEntries | None) -> str:
    """`yes` or `no`, and where the client is suspended. `state` is None if the state store could not be read."""
    since = (state or {}).get(SUSPENDED + client.id)
    sources = ["settings"] if client.suspended else []
    sources += [f"state since {render(since)}"] if since else []
    if state is None:
        sources.append("state not known")
    yes = "yes" if client.suspended or since else "no"
    return f"{yes} ({', '.join(sources)})" if sources else yes
