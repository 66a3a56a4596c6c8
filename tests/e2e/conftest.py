"""Fixtures for tests with real processes: the command, its sandbox, its server, an empty state store."""

import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.process import COMMAND, FREE_PORT, PATIENCE, Process, environment, run, running
from tests.engines import RedisServer
from tests.mistakes import World, write_world
from tests.nicepay import BODY, Nicepay, jakarta
from tests.postgresql_server import PostgresqlServer
from tests.programs import skip_or_fail

_ANY_SMALL_PACKAGE = "idna"
_LONGEST = ("readme", "state_file", "withdrawal", "check_call", "process", "workers", "audit_trail", "kill")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the files that take longest first, so that at the end no worker runs one of them alone."""
    items.sort(key=lambda item: item.path.stem.removeprefix("test_") not in _LONGEST)


@dataclass(frozen=True)
class Sandbox:
    """The folder that `snap-token init` creates."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "snap-token.toml"

    @property
    def private_pem(self) -> str:
        return (self.folder / "nicepay-private.pem").read_text()

    @property
    def secrets(self) -> list[str]:
        """The lines of the private key without its PEM header and footer, and the token key."""
        return [*self.private_pem.splitlines()[1:-1], *(self.folder / "token.keys").read_text().split()]

    def nicepay(self) -> Nicepay:
        """NICEPAY with the private key of the sandbox."""
        return Nicepay.from_pem(self.private_pem)


@dataclass(frozen=True)
class Server:
    """A running `snap-token serve`, and the endpoint from its log."""

    process: Process
    endpoint: str

    def ask(self, nicepay: Nicepay, late: timedelta = timedelta()) -> httpx.Response:
        """Send a token request that was signed now, or `late` ago."""
        headers = nicepay.headers(jakarta(datetime.now(UTC) - late))
        return httpx.post(self.endpoint, headers=headers, content=BODY, trust_env=False)

    def connect(self) -> socket.socket:
        """Open a connection that sends nothing yet."""
        return socket.create_connection(self.address, PATIENCE)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the public listener."""
        url = urlsplit(self.endpoint)
        return url.hostname or "", url.port or 0


@contextmanager
def serving(sandbox: Sandbox, **variables: str) -> Iterator[Server]:
    """Serve the sandbox on a free port until the block ends, with these environment variables."""
    env = environment(**FREE_PORT, **variables)
    with running(COMMAND, "serve", "--config", sandbox.config, env=env) as process:
        yield Server(process, process.err.event("server.listening")["endpoint"])


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Restore SIGINT: a shell starts background jobs with SIGINT ignored, and their child processes inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """A sandbox that the command created."""
    folder = tmp_path_factory.mktemp("e2e") / "sandbox"
    result = run(COMMAND, "init", folder)
    assert (result.returncode, result.stderr) == (0, "")
    return Sandbox(folder)


@pytest.fixture
def server(sandbox: Sandbox) -> Iterator[Server]:
    """The real server of that sandbox, on a free port."""
    with serving(sandbox) as server:
        yield server


@pytest.fixture(scope="session")
def empty_state(
    emptied_redis: Callable[[str], RedisServer], emptied_postgresql: Callable[[], PostgresqlServer]
) -> Callable[[str, Path], str]:
    """A function that returns the URL of an empty state store.

    It is a file in the folder if the engine is `sqlite`, PostgreSQL, or the Redis server of that name.
    """

    def url(engine: str, folder: Path) -> str:
        if engine == "postgresql":
            return emptied_postgresql().url
        return f"sqlite:///{folder}/state.db" if engine == "sqlite" else emptied_redis(engine).url

    return url


@pytest.fixture
def state_url(engine: str, tmp_path: Path, empty_state: Callable[[str, Path], str]) -> str:
    """The URL of an empty state store of this engine."""
    return empty_state(engine, tmp_path)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip the test if pip cannot reach its package registry."""
    folder = tmp_path_factory.mktemp("registry")
    command = (sys.executable, "-m", "pip", "download", "--no-deps", "--dest", folder, _ANY_SMALL_PACKAGE)
    fetched = run(*command, patience=300)
    if fetched.returncode:
        skip_or_fail(f"pip reaches no package registry: {fetched.stderr.strip().splitlines()[-1]}")


@pytest.fixture(scope="module")
def world() -> World:
    """The clients and their keys."""
    return World()


@pytest.fixture(scope="module")
def config(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings with these clients."""
    return write_world(tmp_path_factory.mktemp("world"), world)
