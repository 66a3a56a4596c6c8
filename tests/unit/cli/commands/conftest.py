"""Fixtures for several commands."""

from pathlib import Path

import pytest

from tests.nicepay import Nicepay


@pytest.fixture
def private_key(tmp_path: Path, nicepay: Nicepay) -> Path:
    """NICEPAY's private key in a file."""
    file = tmp_path / "private.pem"
    file.write_text(nicepay.private_pem)
    file.chmod(0o600)
    return file
