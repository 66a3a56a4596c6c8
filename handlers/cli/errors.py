"""Errors of the user that end a command."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handlers.config.settings import Settings, SettingsError
from handlers.snap.masking import Mask

USAGE_ERROR_STATUS = 2
"""The exit status."""


class UsageError(Exception):
    """One or more mistakes. Each is one line that says what is wrong and what to do."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes


@contextmanager
def masked_usage_errors(masked: Mask) -> Iterator[None]:
    """Mask the secrets in every UsageError that the block raises."""
    try:
        yield
    except UsageError as error:
        raise UsageError(*map(masked, error.mistakes)) from error


def load_settings(config: Path, draft: Path | None = None) -> Settings:
    """Load the settings file `config`, or load `draft`, which will replace it.

    Raises:
        UsageError: the settings have mistakes. It names all of them, each with the name of the file.
    """
    try:
        return Settings.load(draft or config, beside=config)
    except SettingsError as error:
        named = (each if each.startswith(f"{config} ") else f"{config}: {each}" for each in error.mistakes)
        raise UsageError(*named) from error


def client_index(client: str, settings: Settings, config: Path) -> int:
    """The index of the client with this ID in `settings.clients`.

    Raises:
        UsageError: no client has this ID.
    """
    ids = [table.id for table in settings.clients]
    if client not in ids:
        message = f"{config} has no client {client}; it has {', '.join(ids)}"
        raise UsageError(message)
    return ids.index(client)
