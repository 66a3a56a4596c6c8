"""What a user did that a command cannot go on from."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handlers.config.settings import Settings, SettingsError
from handlers.snap.masking import Mask

MISUSE = 2
"""The exit status."""


class UsageError(Exception):
    """One line a mistake: what is wrong and what to do."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes


@contextmanager
def masked_misuse(masked: Mask) -> Iterator[None]:
    """Mask the secrets in every MisuseError of the block."""
    try:
        yield
    except UsageError as error:
        raise UsageError(*map(masked, error.mistakes)) from error


def settings_of(config: Path, draft: Path | None = None) -> Settings:
    """The settings of a file, or of a draft that is to take its place.

    Raises:
        MisuseError: every mistake, each with the file's name before it.
    """
    try:
        return Settings.load(draft or config, beside=config)
    except SettingsError as error:
        told = (each if each.startswith(f"{config} ") else f"{config}: {each}" for each in error.mistakes)
        raise UsageError(*told) from error


def place_of(client: str, settings: Settings, config: Path) -> int:
    """Which of the clients in the settings has this id.

    Raises:
        MisuseError: none has.
    """
    ids = [table.id for table in settings.clients]
    if client not in ids:
        message = f"{config} has no client {client}; it has {', '.join(ids)}"
        raise UsageError(message)
    return ids.index(client)
