"""The services of now: keys and clients are read anew when they change, and a bad change leaves the old in place."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog

from handlers.server.key_files import files_read
from handlers.server.settings import Settings, SettingsError
from handlers.services import Services

LOOK_SECONDS = 1.0
"""How often the files are looked at."""

_AT_START_ONLY = ("server", "state", "internal", "sandbox", "debug")

_log = structlog.get_logger()

_Stamp = tuple[int, int, int] | None


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
    async def kept(self, files: frozenset[Path]) -> AsyncIterator[None]:
        """Look at these files once a second, and at those that take their place."""
        task = asyncio.create_task(self._follow(files))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _follow(self, files: frozenset[Path]) -> None:
        seen = _stamps(files)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._told.wait()
            if self._told.is_set() or _stamps(files) != seen:
                self._told.clear()
                files |= await asyncio.to_thread(self._read)
                seen = _stamps(files)

    def _read(self) -> frozenset[Path]:
        """A whole new set takes the old one's place, or one line says why not. The files that it was read from."""
        with files_read() as files:
            try:
                settings = Settings.load(self._file)
            except SettingsError as error:
                _log.error("settings.refused", mistakes=error.mistakes, advice="what was read before stays in force")
                return frozenset(files)
        self._services = self._assemble(settings)
        unread = [name for name in _AT_START_ONLY if getattr(settings, name) != getattr(self._settings, name)]
        if unread:
            _log.warning("settings.need_restart", tables=unread)
        _log.info("settings.read", clients=len(settings.clients), token_keys=settings.token.fingerprints)
        return frozenset(files)


def _stamps(files: frozenset[Path]) -> dict[Path, _Stamp]:
    return {file: _stamp(file) for file in files}


def _stamp(file: Path) -> _Stamp:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
