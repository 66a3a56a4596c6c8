"""What several rooms of tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.server import logs
from handlers.server.settings import Settings
from tests.merchant import NOON, Clock, Merchant, running, write_settings
from tests.nicepay import Nicepay


@pytest.fixture(scope="session")
def nicepay() -> Nicepay:
    """NICEPAY as the merchant knows it."""
    return Nicepay()


@pytest.fixture(scope="session")
def stranger() -> Nicepay:
    """Somebody with another key who uses NICEPAY's client key."""
    return Nicepay()


@pytest.fixture(scope="session")
def _running_merchant(nicepay: Nicepay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Merchant]:
    settings = Settings.load(write_settings(tmp_path_factory.mktemp("merchant"), nicepay))
    with running(settings, Clock()) as merchant:
        yield merchant


@pytest.fixture
def merchant(_running_merchant: Merchant) -> Merchant:
    """A server that knows NICEPAY, at noon in Jakarta, with an empty log."""
    _running_merchant.clock.now = NOON
    logs.set_up(_running_merchant.stream)
    _running_merchant.log()
    return _running_merchant


@pytest.fixture
def settings_file(tmp_path: Path, nicepay: Nicepay) -> Path:
    """Good settings, for a test to spoil."""
    return write_settings(tmp_path, nicepay)
