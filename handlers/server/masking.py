"""No secret reaches the log: the step of the log that masks them, and which secrets the settings hold."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from structlog.typing import EventDict, WrappedLogger

from handlers.server.key_files import read_text
from handlers.server.settings import Settings
from handlers.snap.masking import SHORTEST, Known, Masks


class Masking:
    """A step of the log (a processor of structlog). Without settings it masks what has the shape of a secret."""

    def __init__(self) -> None:
        self._masks = Masks()

    def learn(self, settings: Settings) -> None:
        """From now on, mask the secrets of these settings."""
        self._masks = Masks(secrets_of(settings))

    def masked(self, text: str) -> str:
        """A text without the secrets of now."""
        return self._masks.masked(text)

    def __call__(self, _logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        """The line, each of its texts masked."""
        for name, value in line.items():
            if isinstance(value, str):
                if len(value) >= SHORTEST:
                    line[name] = self._masks.masked(value)
            elif isinstance(value, list):
                line[name] = [self._masks.masked(each) if isinstance(each, str) else each for each in value]
        return line


def secrets_of(settings: Settings) -> Iterator[Known]:
    """All that the settings hold and nobody else may see."""
    for table in settings.clients:
        if table.client_secret_file:
            yield "client secret", table.client_secret_file
    if settings.internal and settings.internal.secret:
        yield "internal secret", settings.internal.secret
    yield from (("token key", key) for key in settings.token.keys)
    yield from private_key_lines(settings.sandbox.private_key_file)


def private_key_lines(file: Path) -> Iterator[Known]:
    """Each line of a private key in PEM is a secret; nothing if there is no such file."""
    with suppress(ValueError, OSError):
        if file.is_file():
            yield from (("private key", line.encode()) for line in read_text(file).split() if "-----" not in line)
