"""What the tests with real processes share: the command, its sandbox, its server."""

import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.e2e.process import Process, environment, run, running
from tests.nicepay import BODY, Nicepay, jakarta
from tests.programs import skip_or_fail

COMMAND = Path(sys.executable).with_name("snap-token")
FREE_PORT = {"SNAP_TOKEN__SERVER__PORT": "0"}
_ANY_SMALL_PACKAGE = "idna"


@dataclass(frozen=True)
class Sandbox:
    """The folder that `snap-token init` makes."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "snap-token.toml"

    @property
    def private_pem(self) -> str:
        return (self.folder / "nicepay-private.pem").read_text()

    @property
    def secrets(self) -> list[str]:
        """The private key line by line, without its armour, and the token key."""
        return [*self.private_pem.splitlines()[1:-1], *(self.folder / "token.keys").read_text().split()]

    def nicepay(self) -> Nicepay:
        """Whoever holds the private key."""
        key = load_pem_private_key(self.private_pem.encode(), password=None)
        assert isinstance(key, RSAPrivateKey)
        return Nicepay(private_key=key)


@dataclass(frozen=True)
class Server:
    """`snap-token serve`, and the endpoint that its log names."""

    process: Process
    endpoint: str

    def ask(self, nicepay: Nicepay, late: timedelta = timedelta()) -> httpx.Response:
        """Send a request that was signed now, or some time ago."""
        headers = nicepay.headers(jakarta(datetime.now(UTC) - late))
        return httpx.post(self.endpoint, headers=headers, content=BODY, trust_env=False)


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """What a shell starts in the background ignores SIGINT, and every program that it starts inherits that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """A sandbox as the command makes it."""
    folder = tmp_path_factory.mktemp("e2e") / "sandbox"
    made = run(COMMAND, "init", folder)
    assert (made.returncode, made.stderr) == (0, "")
    return Sandbox(folder)


@pytest.fixture
def server(sandbox: Sandbox) -> Iterator[Server]:
    """The real server of that sandbox, on a free port."""
    with running(COMMAND, "serve", "--config", sandbox.config, env=environment(**FREE_PORT)) as process:
        yield Server(process, process.err.event("server.listening")["endpoint"])


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Pip reaches its package registry."""
    folder = tmp_path_factory.mktemp("registry")
    command = (sys.executable, "-m", "pip", "download", "--no-deps", "--dest", folder, _ANY_SMALL_PACKAGE)
    fetched = run(*command, patience=300)
    if fetched.returncode:
        skip_or_fail(f"pip reaches no package registry: {fetched.stderr.strip().splitlines()[-1]}")
