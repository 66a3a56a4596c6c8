"""Suspensions: in the state, for every instance that shares it, and in a settings file, for those that read it."""

from pathlib import Path

from handlers.cli.errors import UsageError, place_of, settings_of
from handlers.cli.files.atomic_write import held, replace
from handlers.cli.files.edit_settings import with_suspended
from handlers.cli.files.server_user import server_user
from handlers.cli.shared_state import change
from handlers.cli.shared_state.change import Held
from handlers.config.settings import Settings
from handlers.config.tables import ClientTable
from handlers.server.process.assembly import system_clock
from handlers.snap.timestamp import render
from handlers.state.port import SUSPENDED, Engine

# An engine that hangs may still carry out the change.
_NOT_KNOWN = "it is not known whether the state is changed, and the settings file is as it was"
_OF_ONE_PROCESS = "state.url is memory://, so running servers learn of it by this settings file alone"
_ELSEWHERE = "an instance whose own settings file says suspended = true goes on refusing it: resume it there, too"


def suspend(config: Path, client: str) -> str:
    """Suspend the client in both, and return the lines to print.

    Raises:
        MisuseError: one of the two could not be changed; the message says which.
    """
    return _set(config, client, suspended=True)


def resume(config: Path, client: str) -> str:
    """Lift the client's suspension in both, and return the lines to print.

    Raises:
        MisuseError: as for `suspend`.
    """
    return _set(config, client, suspended=False)


def _set(config: Path, client: str, *, suspended: bool) -> str:
    is_so = f"{client} is {'' if suspended else 'not '}suspended"
    settings = settings_of(config)
    place_of(client, settings, config)
    with server_user(config, settings):
        _set_in_state(settings, client, suspended=suspended)
    try:
        _set_in_file(config, client, suspended=suspended)
    except UsageError as error:
        if settings.state.url.is_single_process:
            raise
        message = f"{is_so} in the state, and the settings file is as it was: {error}"
        raise UsageError(message) from error
    return "\n".join([is_so, *_notes(settings, suspended=suspended), ""])


def _set_in_file(config: Path, client: str, *, suspended: bool) -> None:
    with held(config.parent):
        place = place_of(client, settings_of(config), config)
        replace(config, with_suspended(config, place, suspended=suspended), lambda draft: settings_of(config, draft))


def _set_in_state(settings: Settings, client: str, *, suspended: bool) -> None:
    """Only if other processes share the state; else the settings file is all there is."""

    async def write(state: Engine) -> None:
        await (state.suspend(client, system_clock()) if suspended else state.resume(client))

    def holds(read: Held) -> bool:
        return (SUSPENDED + client in read) is suspended

    if not settings.state.url.is_single_process:
        change.change(settings.state.url, write, holds, _NOT_KNOWN)


def _notes(settings: Settings, *, suspended: bool) -> list[str]:
    if settings.state.url.is_single_process:
        return [_OF_ONE_PROCESS]
    return [] if suspended else [_ELSEWHERE]


def told(client: ClientTable, state: Held | None) -> str:
    """Whether the client is suspended, and which of the two says so. `state` is None if it could not be read."""
    at = (state or {}).get(SUSPENDED + client.id)
    sources = ["settings"] if client.suspended else []
    sources += [f"state since {render(at)}"] if at else []
    if state is None:
        sources.append("state not known")
    yes = "yes" if client.suspended or at else "no"
    return f"{yes} ({', '.join(sources)})" if sources else yes
