"""A trail in a new folder, with a clock that the test sets."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from handlers.audit.appender import Appender, TrailOptions
from handlers.audit.checkpoint import CheckpointKey
from tests.merchant import Clock
from tests.unit.server.conftest import log

__all__ = ["log"]

KEY = CheckpointKey.of(Ed25519PrivateKey.generate())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def options(tmp_path: Path) -> TrailOptions:
    return TrailOptions(tmp_path, KEY, rotate_bytes=100_000)


@pytest.fixture
def appender(options: TrailOptions, clock: Clock) -> Appender:
    return Appender(options, clock)
