"""Reloads what needs no restart, such as keys and clients, when its files change. Bad settings change nothing."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from handlers.audit.record import Record
from handlers.config.changes import changes, tables_that_need_restart
from handlers.config.published_keys import PUBLISHED, published_keys
from handlers.config.settings import Settings, SettingsError
from handlers.config.watched_files import FileStamps, all_stamps_match, any_status_changed, record_files
from handlers.server.observability.mask_secrets import SECRET_MASKER
from handlers.server.observability.metrics.definitions import LAST_RELOAD_SUCCESSFUL, SETTINGS_LOADED, SETTINGS_RELOADS
from handlers.server.process import assembly
from handlers.server.process.certificate_watch import CertificateWatch
from handlers.services import Services
from handlers.state.background import running

CHECK_SECONDS = 0.25
"""Time between two checks of the files."""

QUIET_SECONDS = 1.0
"""Time from a check that finds a change to the next check. The change is applied if both find the same content."""

_ADVICE = "correct the mistakes; the server continues to use the previous settings"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Reading:
    """The stamps of the files, and the settings in them, or the reason why the settings are invalid."""

    files: FileStamps
    settings: Settings | None = None
    mistakes: tuple[str, ...] = ()
    failure: Exception | None = None

    @classmethod
    def of(cls, file: Path) -> "_Reading":
        with record_files() as files:
            try:
                return cls(files, Settings.load(file))
            except SettingsError as error:
                return cls(files, mistakes=tuple(error.mistakes))
            except Exception as error:  # noqa: BLE001  the files must be watched after any error
                return cls(files, failure=error)


class ReloadingServices:
    """Returns the current services. Inside `running` it reloads them when a file of the settings changes."""

    def __init__(self, file: Path, settings: Settings, build: Callable[[Settings], Services]) -> None:
        """`build` creates services from settings. A reload calls it in a thread, because it takes time."""
        self._file = file
        self._build = build
        self._services = build(settings)
        self._note_load()
        self._reload_requested = asyncio.Event()
        self._requests = list[Callable[[], None]]()
        self._started = self._settings = settings
        self._files: FileStamps = {}
        self._last_reading = _Reading({}, settings)
        self._pending: _Reading | None = None
        self._certificates = CertificateWatch(settings, self._services.now)

    def __call__(self) -> Services:
        """The current services. One request uses one snapshot."""
        return self._services

    @property
    def settings(self) -> Settings:
        """The current settings."""
        return self._settings

    def reload(self, done: Callable[[], None]) -> None:
        """Request a reload now, even if no file changed. Call `done` when it has succeeded or failed."""
        self._requests.append(done)
        self._reload_requested.set()

    def running(self, files: FileStamps) -> AbstractAsyncContextManager[None]:
        """While the block runs, watch the files. `files` are their stamps at the time when the settings were read."""
        self._files = files
        self._last_reading = _Reading(files, self._settings)
        return running(self._follow)

    async def _follow(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(QUIET_SECONDS if self._pending else CHECK_SECONDS):
                    await self._reload_requested.wait()
            self._reload_requested.clear()  # A request from here on causes one more reload.
            requests, self._requests = self._requests, []
            await asyncio.to_thread(self._check, is_requested=bool(requests))
            for done in requests:
                done()

    def _check(self, *, is_requested: bool) -> None:
        try:
            reading = _Reading.of(self._file) if is_requested else self._stable_reading()
            if reading:
                self._apply(reading, is_requested=is_requested)
            self._certificates.look()
        except Exception as error:  # noqa: BLE001  the next check can succeed
            self._refuse((), error)

    def _stable_reading(self) -> _Reading | None:
        """The reading of the last check, if its files did not change since. A new reading waits for the next check.

        The wait is needed because a partly written file can be valid.
        """
        if self._pending and all_stamps_match(self._pending.files):
            return self._pending
        if self._pending or any_status_changed(self._last_reading.files):
            self._pending = _Reading.of(self._file)
        return None

    def _apply(self, reading: _Reading, *, is_requested: bool) -> None:
        """Replace all services by new ones, or log in one line why the new settings are refused."""
        before, self._last_reading, self._pending = self._last_reading, reading, None
        mistakes = reading.mistakes or self._mistakes_of_reload(reading.settings)
        if reading.settings and not mistakes:
            self._replace_services(reading.settings)
        elif is_requested or reading != before:
            self._refuse(mistakes, reading.failure)

    def _refuse(self, mistakes: tuple[str, ...], failure: Exception | None) -> None:
        """Log why the new settings are refused. Readiness shows that the current ones are no longer those on disk."""
        SETTINGS_RELOADS("refused").inc()
        LAST_RELOAD_SUCCESSFUL().set(0)
        self._services = replace(self._services, settings_refused=True)
        cause = type(failure).__name__ if failure else None
        self._record("settings.refused", mistakes=[SECRET_MASKER.mask(each) for each in mistakes], cause=cause)
        _log.error("settings.refused", mistakes=mistakes, advice=_ADVICE, exc_info=failure)

    def _note_load(self) -> None:
        SETTINGS_LOADED().set(self._services.now().timestamp())
        LAST_RELOAD_SUCCESSFUL().set(1)

    def _record(self, event: str, **fields: object) -> None:
        """Write the outcome of the reload to the audit trail, if there is one. What the log says is then in it."""
        if trail := self._services.audit_trail:
            trail.put(Record(event, self._services.now(), fields))

    def _mistakes_of_reload(self, settings: Settings | None) -> tuple[str, ...]:
        """A server that did not start as a sandbox never accepts the published test key."""
        if settings is None or self._started.sandbox.enabled:
            return ()
        places = published_keys(settings.clients)
        return tuple(f"clients[{client}].{keys}[{number}]: {PUBLISHED}" for client, keys, number in places)

    def _replace_services(self, settings: Settings) -> None:
        services, changed = self._build(settings), changes(self._settings, settings)
        self._services, self._settings = services, settings
        self._note_load()
        SETTINGS_RELOADS("accepted").inc()
        assembly.log_setting_warnings(settings)
        self._certificates = CertificateWatch(settings, services.now)
        tables = tables_that_need_restart(self._started, self._files, settings, self._last_reading.files)
        if tables:
            _log.warning("settings.need_restart", tables=tables)
        fields = {"clients": len(settings.clients), "token_keys": settings.token.fingerprints, **changed}
        self._record("settings.read", **fields)
        _log.info("settings.read", **fields)
