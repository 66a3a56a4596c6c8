"""The settings file of a command, and what is in it."""

from pathlib import Path

from handlers.cli.errors import UsageError
from handlers.config.settings import Settings, SettingsError


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
