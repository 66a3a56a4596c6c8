"""What a user did that a command cannot go on from."""

from pathlib import Path

from handlers.server.settings import Settings, SettingsError

MISUSE = 2
"""The exit status."""


class MisuseError(Exception):
    """One line a mistake: what is wrong and what to do."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes


def settings_of(config: Path) -> Settings:
    """The settings of a file; MisuseError with every mistake, each with the file's name before it."""
    try:
        return Settings.load(config)
    except SettingsError as error:
        told = (each if each.startswith(f"{config} ") else f"{config}: {each}" for each in error.mistakes)
        raise MisuseError(*told) from error
