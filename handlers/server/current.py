"""The services of now: keys and clients are read anew when they change, and a bad change leaves the old in place."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog

from handlers.server import start
from handlers.server.files_read import Stamp, files_read, stamp
from handlers.server.settings import Settings, SettingsError
from handlers.services import Services

LOOK_SECONDS = 1.0
"""How often the files are looked at."""

_AT_START_ONLY = ("server", "state", "internal", "sandbox", "debug")
_ADVICE = "what was read before stays in force"

_log = structlog.get_logger()


class Current:
    """Gives the services of now; within `kept` they follow the files that the settings name."""

    def __init__(self, file: Path, settings: Settings, assemble: Callable[[Settings], Services]) -> None:
        """`assemble` makes services from settings, and takes its time."""
        self._file = file
        self._settings = settings
        self._assemble = assemble
        self._services = assemble(settings)
        self._told = asyncio.Event()

    def __call__(self) -> Services:
        """The services; whoever has them keeps them for the whole of one request."""
        return self._services

    def reload(self) -> None:
        """Have everything read anew, whether a file has changed or not."""
        self._told.set()

    @asynccontextmanager
    async def kept(self, files: Mapping[Path, Stamp]) -> AsyncIterator[None]:
        """Once a second, look at the files that the settings were read from, as they were then."""
        task = asyncio.create_task(self._follow(files))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _follow(self, files: Mapping[Path, Stamp]) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._told.wait()
            if self._told.is_set() or _changed(files):
                self._told.clear()  # Whoever tells from here on has everything read once more.
                files = await asyncio.to_thread(self._read)

    def _read(self) -> Mapping[Path, Stamp]:
        """A whole new set takes the old one's place, or one line says why not. The files that it was read from."""
        with files_read() as files:
            try:
                settings = Settings.load(self._file)
                self._services = self._assemble(settings)
            except SettingsError as error:
                _log.error("settings.refused", mistakes=error.mistakes, advice=_ADVICE)
            except Exception:  # noqa: BLE001  whatever it is, the files are still to be followed
                _log.exception("settings.refused", advice=_ADVICE)
            else:
                self._tell(settings)
        return files

    def _tell(self, settings: Settings) -> None:
        start.warn(settings)
        unread = [name for name in _AT_START_ONLY if getattr(settings, name) != getattr(self._settings, name)]
        if unread:
            _log.warning("settings.need_restart", tables=unread)
        _log.info("settings.read", clients=len(settings.clients), token_keys=settings.token.fingerprints)


def _changed(files: Mapping[Path, Stamp]) -> bool:
    return any(stamp(file) != before for file, before in files.items())
