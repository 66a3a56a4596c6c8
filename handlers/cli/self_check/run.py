"""All checks, in the order of their parts."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from handlers.cli.errors import UsageError
from handlers.cli.self_check.clock import check_clock
from handlers.cli.self_check.completion import LONGEST_SECONDS, findings_of
from handlers.cli.self_check.file_modes import check_modes
from handlers.cli.self_check.finding import CheckName, Finding, skipped
from handlers.cli.self_check.folders import check_folders, check_room
from handlers.cli.self_check.http_client import client_of
from handlers.cli.self_check.installation import check_documents, check_versions
from handlers.cli.self_check.key_ages import check_client_keys, check_state_certificates, check_token_keys
from handlers.cli.self_check.listeners import check_descriptors, check_listeners
from handlers.cli.self_check.proxy import check_proxy
from handlers.cli.self_check.setting_findings import check_limits, check_user, check_warnings, of_mistakes
from handlers.cli.self_check.state_store import check_state
from handlers.cli.self_check.tls import check_tls
from handlers.config.regular_files import read_regular_file
from handlers.config.settings import Settings, SettingsError
from handlers.config.tables import ClientTable
from handlers.server.process.assembly import system_clock

Check = Callable[[], Iterable[Finding]]
"""One check. Its findings may also have other names."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What the checks reach over the network: the web server that gives the time, and the proxy. Each may be None."""

    time_source: httpx.URL | None
    proxy: httpx.URL | None
    ca_file: Path | None


def load(config: Path) -> Settings | tuple[str, ...]:
    """The settings, or the mistakes in them.

    Raises:
        UsageError: the file itself cannot be read.
    """
    try:
        file = read_regular_file(config)
    except TimeoutError as error:
        raise UsageError(str(error)) from error
    if file.error:
        message = f"{config} cannot be read: {file.error}"
        raise UsageError(message)
    try:
        return Settings.load(config)
    except SettingsError as error:
        return tuple(error.mistakes)


def findings(settings: Settings | tuple[str, ...], outside: Outside) -> Iterator[Finding]:
    """The findings of all checks. With mistakes in place of the settings, of those that need no settings."""
    yield from findings_of("installation.versions", lambda: check_versions(system_clock()))
    if isinstance(settings, Settings):
        for name, check in _of_installation(settings).items():
            yield from findings_of(name, check)
        yield from of_network(settings, outside)
    else:
        yield from of_mistakes(settings)
        yield from findings_of("clock.difference", lambda: _of_clock(outside, _default_tolerance()))


def _of_installation(settings: Settings) -> Mapping[CheckName, Check]:
    return {
        "installation.documents": lambda: check_documents(settings),
        "settings.warnings": lambda: check_warnings(settings, system_clock()),
        "settings.limits": lambda: check_limits(settings),
        "settings.user": lambda: check_user(settings),
        "files.modes": lambda: check_modes(settings),
        "files.folders": lambda: check_folders(settings),
        "files.room": lambda: check_room(settings),
        "keys.token": lambda: check_token_keys(settings, system_clock()),
        "keys.clients": lambda: [check_client_keys(settings)],
        "keys.certificates": lambda: check_state_certificates(settings, system_clock()),
        "state.latency": lambda: check_state(settings.state.url),
        "listeners.ports": lambda: check_listeners(settings),
        "listeners.descriptors": lambda: [check_descriptors(settings)],
    }


def of_network(settings: Settings, outside: Outside) -> Iterator[Finding]:
    """The findings of the checks that reach other machines."""
    tolerance = min(client.clock_tolerance_seconds for client in settings.clients)
    yield from findings_of("clock.difference", lambda: _of_clock(outside, timedelta(seconds=tolerance)))
    if outside.proxy is None:
        yield skipped("proxy.reachable", "not checked", "name your proxy with --proxy-url https://...")
        return
    yield from _of_proxy(settings, outside.proxy, outside.ca_file)


def _of_clock(outside: Outside, tolerance: timedelta) -> Iterator[Finding]:
    with client_of(outside.ca_file) as client:
        yield check_clock(client, outside.time_source, tolerance, system_clock)


def _of_proxy(settings: Settings, url: httpx.URL, ca_file: Path | None) -> Iterator[Finding]:
    def answers() -> list[Finding]:
        with client_of(ca_file) as client:
            return check_proxy(client, url, settings)

    reachable, *others = findings_of("proxy.reachable", answers, LONGEST_SECONDS + len(settings.services))
    yield from (reachable, *others)
    if reachable.severity != "error":
        yield from findings_of("proxy.tls", lambda: check_tls(url, ca_file, system_clock()))


def _default_tolerance() -> timedelta:
    return timedelta(seconds=ClientTable.model_fields["clock_tolerance_seconds"].default)
