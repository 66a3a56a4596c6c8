"""The services of now: keys and clients are read anew when they change, and a bad change leaves the old in place."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from handlers.config.changes import changes, tables_that_need_restart
from handlers.config.settings import Settings, SettingsError
from handlers.config.watched_files import FileStamps, all_stamps_match, any_status_changed, record_files
from handlers.server.process import assembly
from handlers.services import Services
from handlers.state.background import running

LOOK_SECONDS = 0.25
"""From one look at the files to the next."""

QUIET_SECONDS = 1.0
"""From a look that finds a change to the next look. The change counts if both find the same."""

_ADVICE = "what was read before stays in force"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Reading:
    """The files as they were read, and their settings, or the reason why there are none."""

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
            except Exception as error:  # noqa: BLE001  after any error the files must still be watched
                return cls(files, failure=error)


class ReloadingServices:
    """Gives the services of now; within `kept` they follow the files that the settings name."""

    def __init__(self, file: Path, settings: Settings, assemble: Callable[[Settings], Services]) -> None:
        """`assemble` makes services from settings, and takes its time."""
        self._file = file
        self._assemble = assemble
        self._services = assemble(settings)
        self._told = asyncio.Event()
        self._started = self._settings = settings
        self._files: FileStamps = {}
        self._settled = _Reading({}, settings)
        self._waiting: _Reading | None = None

    def __call__(self) -> Services:
        """The services; whoever has them keeps them for the whole of one request."""
        return self._services

    def reload(self) -> None:
        """Read everything again at once, whether a file has changed or not."""
        self._told.set()

    def running(self, files: FileStamps) -> AbstractAsyncContextManager[None]:
        """While the block runs, watch the files of the settings; `files` are these as they were when they were read."""
        self._files = files
        self._settled = _Reading(files, self._settings)
        return running(self._follow)

    async def _follow(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(QUIET_SECONDS if self._waiting else LOOK_SECONDS):
                    await self._told.wait()
            told = self._told.is_set()
            self._told.clear()  # Whoever tells from here on has everything read once more.
            await asyncio.to_thread(self._look, told=told)

    def _look(self, *, told: bool) -> None:
        try:
            reading = _Reading.of(self._file) if told else self._quiet()
            if reading:
                self._settle(reading, told=told)
        except Exception:  # noqa: BLE001  the next look may go better
            _log.exception("settings.refused", advice=_ADVICE)

    def _quiet(self) -> _Reading | None:
        """The reading of the last look, if its files have not changed since. A new reading waits for the next look.

        A file that is half written may be valid.
        """
        if self._waiting and all_stamps_match(self._waiting.files):
            return self._waiting
        if self._waiting or any_status_changed(self._settled.files):
            self._waiting = _Reading.of(self._file)
        return None

    def _settle(self, reading: _Reading, *, told: bool) -> None:
        """Replace the whole old set by the new one, or log in one line why not."""
        before, self._settled, self._waiting = self._settled, reading, None
        if reading.settings:
            self._take(reading.settings)
        elif told or reading != before:
            _log.error("settings.refused", mistakes=reading.mistakes, advice=_ADVICE, exc_info=reading.failure)

    def _take(self, settings: Settings) -> None:
        services, told = self._assemble(settings), changes(self._settings, settings)
        self._services, self._settings = services, settings
        assembly.log_setting_warnings(settings)
        tables = tables_that_need_restart(self._started, self._files, settings, self._settled.files)
        if tables:
            _log.warning("settings.need_restart", tables=tables)
        _log.info("settings.read", clients=len(settings.clients), token_keys=settings.token.fingerprints, **told)
