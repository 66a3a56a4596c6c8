"""The state stores of a soak: how each one starts, and how it fails and comes back."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.process import PATIENCE
from tests.engines import PERSISTENT, REDIS_SERVERS, redis_server
from tests.postgresql_server import postgresql_server

LOCK_SECONDS = 3.0
"""How long a foreign process locks the SQLite file. A backup with a slow tool does that."""


@dataclass(frozen=True)
class Engine:
    """A running state store. `fail` lets it fail for a while, as `failure` says, and returns when it works again."""

    url: str
    failure: str
    fail: Callable[[], None]


@contextmanager
def _sqlite(folder: Path) -> Iterator[Engine]:
    def lock() -> None:
        with closing(sqlite3.connect(folder / "state.db", timeout=PATIENCE, isolation_level=None)) as foreign:
            foreign.execute("BEGIN IMMEDIATE")
            time.sleep(LOCK_SECONDS)
            foreign.execute("ROLLBACK")

    yield Engine("sqlite:///state.db", "a foreign process locks the SQLite file", lock)


@contextmanager
def _redis(_folder: Path) -> Iterator[Engine]:
    with redis_server(REDIS_SERVERS[0], *PERSISTENT) as server:

        def restart() -> None:
            server.stop()
            server.start()

        yield Engine(server.tcp_url, "kill -9 and restart of Redis with AOF", restart)


@contextmanager
def _postgresql(_folder: Path) -> Iterator[Engine]:
    durable = "fsync=on"
    with postgresql_server(durable) as server:

        def restart() -> None:
            server.stop()
            server.start(durable)

        yield Engine(server.url, "restart of PostgreSQL", restart)


ENGINES = {"sqlite": _sqlite, "redis": _redis, "postgresql": _postgresql}
