"""Fixtures that several folders of tests share."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
import structlog
from hypothesis import settings as hypothesis_settings
from redis import Redis

from handlers.config.settings import Settings
from handlers.server.observability import configure
from tests.engines import RedisServer, redis_server
from tests.merchant import NOON, Clock, Merchant, running, write_settings
from tests.nicepay import Nicepay
from tests.postgresql_server import PostgresqlServer, postgresql_server

# No test asserts a time: a busy machine must fail none.
hypothesis_settings.register_profile("no deadline", hypothesis_settings(), deadline=None)
hypothesis_settings.load_profile("no deadline")


@pytest.fixture(autouse=True)
def _default_log() -> Iterator[None]:
    """Reset structlog after each test, because the log stream of a test is closed when the test ends."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def nicepay() -> Nicepay:
    """NICEPAY with the key that is in the settings."""
    return Nicepay()


@pytest.fixture(scope="session")
def stranger() -> Nicepay:
    """An attacker who sends NICEPAY's client key and signs with another private key."""
    return Nicepay()


@pytest.fixture(scope="session")
def _running_merchant(nicepay: Nicepay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Merchant]:
    settings = Settings.load(write_settings(tmp_path_factory.mktemp("merchant"), nicepay))
    with running(settings, Clock()) as merchant:
        yield merchant


@pytest.fixture
def merchant(_running_merchant: Merchant) -> Merchant:
    """A server with NICEPAY as its client, at noon in Jakarta, with an empty log."""
    _running_merchant.clock.now = NOON
    configure.set_up(_running_merchant.stream)
    _running_merchant.log()
    return _running_merchant


@pytest.fixture
def settings_file(tmp_path: Path, nicepay: Nicepay) -> Path:
    """A valid settings file, which a test may change."""
    return write_settings(tmp_path, nicepay)


@pytest.fixture(scope="session")
def _started_redis() -> Iterator[Callable[[str], RedisServer]]:
    with ExitStack() as started:
        yield cache(lambda name: started.enter_context(redis_server(name)))


@pytest.fixture(scope="session")
def emptied_redis(_started_redis: Callable[[str], RedisServer]) -> Callable[[str], RedisServer]:
    """A function that returns the empty server of that name (`redis-server` or `valkey-server`)."""

    def server(name: str) -> RedisServer:
        with Redis.from_url(_started_redis(name).url) as client:
            client.flushall()
        return _started_redis(name)

    return server


@pytest.fixture(scope="session")
def _started_postgresql() -> Iterator[Callable[[], PostgresqlServer]]:
    with ExitStack() as started:
        yield cache(lambda: started.enter_context(postgresql_server()))


@pytest.fixture(scope="session")
def emptied_postgresql(_started_postgresql: Callable[[], PostgresqlServer]) -> Callable[[], PostgresqlServer]:
    """A function that returns a PostgreSQL server whose database has no tables."""

    def server() -> PostgresqlServer:
        _started_postgresql().sql("DROP SCHEMA IF EXISTS snap_token CASCADE")
        return _started_postgresql()

    return server
