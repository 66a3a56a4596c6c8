"""Fixtures of the tests of the settings."""

from pathlib import Path

import pytest

SECRET = "0123456789abcdef"


@pytest.fixture
def secret_file(settings_file: Path) -> Path:
    """A secret beside the settings."""
    file = settings_file.with_name("a.secret")
    file.write_text(SECRET)
    file.chmod(0o600)
    return file
