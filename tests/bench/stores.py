"""Engines that run, for measurements of what they hold and of the CPU time that they take."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from redis import Redis

from tests.bench.servers import tree_cpu_seconds
from tests.engines import PERSISTENT, redis_server
from tests.postgresql_server import is_installed, postgresql_server


@dataclass(frozen=True)
class Store:
    """An engine that runs, and what can be read from it.

    Attributes:
        name: The name of the engine.
        url: The URL for the server.
        size: The bytes that it holds: a file, memory, or tables with their indexes.
        cpu_seconds: The CPU time of its processes. SQLite has none: its time is a part of the server's.
        connections: The connections that the server has to it.
    """

    name: str
    url: str
    size: Callable[[], int]
    cpu_seconds: Callable[[], float] = lambda: 0.0
    connections: Callable[[], int] = lambda: 0


@contextmanager
def sqlite() -> Iterator[Store]:
    """A file. Its size counts when nobody has it open, because the last connection empties the write-ahead log."""
    with TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
        file = Path(folder) / "state.db"
        yield Store("SQLite", f"sqlite:///{file}", lambda: file.stat().st_size if file.exists() else 0)


@contextmanager
def redis() -> Iterator[Store]:
    """A Redis that writes each change to its log."""
    with redis_server("redis-server", *PERSISTENT) as server, Redis(port=server.port) as client:
        yield Store(
            "Redis",
            server.tcp_url,
            lambda: int(client.info("memory")["used_memory"]),
            lambda: tree_cpu_seconds(server.process.pid),
            lambda: len(client.client_list()) - 1,
        )


@contextmanager
def postgresql() -> Iterator[Store]:
    """A PostgreSQL that flushes each commit."""
    with postgresql_server("fsync=on") as server:
        yield Store(
            "PostgreSQL",
            server.url,
            lambda: int(server.sql("SELECT pg_database_size(current_database())")[0]),
            lambda: tree_cpu_seconds(server.process.pid),
            lambda: int(server.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'snap-token'")[0]),
        )


def installed() -> list[Callable[[], AbstractContextManager[Store]]]:
    """Each engine that this machine has."""
    found: list[Callable[[], AbstractContextManager[Store]]] = [sqlite]
    if which("redis-server"):
        found.append(redis)
    if is_installed():
        found.append(postgresql)
    return found
