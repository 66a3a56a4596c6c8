"""What several rooms of tests share."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
import structlog
from redis import Redis

from handlers.config.settings import Settings
from handlers.server.observability import configure
from tests.engines import RedisServer, redis_server
from tests.merchant import NOON, Clock, Merchant, running, write_settings
from tests.nicepay import Nicepay


@pytest.fixture(autouse=True)
def _log_of_its_own() -> Iterator[None]:
    """Where a test had the log go is closed when it ends: the next test begins with structlog's own."""
    yield
    structlog.reset_defaults()


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
    configure.set_up(_running_merchant.stream)
    _running_merchant.log()
    return _running_merchant


@pytest.fixture
def settings_file(tmp_path: Path, nicepay: Nicepay) -> Path:
    """Good settings, for a test to spoil."""
    return write_settings(tmp_path, nicepay)


@pytest.fixture(scope="session")
def _started_redis() -> Iterator[Callable[[str], RedisServer]]:
    with ExitStack() as started:
        yield cache(lambda name: started.enter_context(redis_server(name)))


@pytest.fixture
def emptied_redis(_started_redis: Callable[[str], RedisServer]) -> Callable[[str], RedisServer]:
    """Gives the server of that name (`redis-server`, `valkey-server`), emptied."""

    def server(name: str) -> RedisServer:
        with Redis.from_url(_started_redis(name).url) as client:
            client.flushall()
        return _started_redis(name)

    return server
