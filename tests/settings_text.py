"""Settings of a given text, and the mistakes in them."""

from pathlib import Path

import pytest

from handlers.config.settings import Settings, SettingsError


def loaded(file: Path, text: str) -> Settings:
    """Write the text into the file, and load the settings from it."""
    file.write_text(text)
    return Settings.load(file)


def mistakes_in(file: Path, text: str | None = None) -> list[str]:
    """The mistakes in the settings file, or in this text if it is given."""
    with pytest.raises(SettingsError) as refusal:
        Settings.load(file) if text is None else loaded(file, text)
    assert str(refusal.value) == "; ".join(refusal.value.mistakes)
    return refusal.value.mistakes
