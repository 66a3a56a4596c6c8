"""The public listener, started in a thread on a free port, with a clock that the test sets."""

import asyncio
import io
import json
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import uvloop
from cryptography.fernet import Fernet
from starlette.types import ASGIApp

from handlers.config.settings import Settings
from handlers.server.http.client_address import TrustedProxies
from handlers.server.observability import configure
from handlers.server.openapi.application import application, public_api
from handlers.server.process import assembly, lifecycle, sockets, uvicorn_server
from handlers.services import Services
from handlers.state.revocation_cache import RevocationCache
from tests.document import TOKEN_PATH, check_answer
from tests.listening import listening_on
from tests.nicepay import BODY, Nicepay, jakarta

NOON = datetime(2026, 1, 22, 5, 0, 1, 250_000, tzinfo=UTC)
BASE_PATH = "/api/v1.0"


@dataclass
class Clock:
    """A clock that shows the same time until the test sets it."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class RunningListener:
    """A running listener: its address, its clock and what it has logged."""

    origin: str
    clock: Clock
    stream: io.StringIO
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.origin, trust_env=False)
        # httpx adds these headers by itself. The tests send exactly the headers that they name.
        for name in ("user-agent", "accept", "accept-encoding"):
            self.client.headers.pop(name)

    def log(self) -> list[dict[str, Any]]:
        """The lines logged since the last call."""
        lines = self.stream.getvalue().splitlines()
        self.stream.seek(0)
        self.stream.truncate()
        return [json.loads(line) for line in lines]

    def decision(self) -> dict[str, Any]:
        """The log line of the one decision since the last call."""
        (line,) = self.log()
        return line


class Merchant(RunningListener):
    """The running public listener and its copy of the revocations."""

    revocations: RevocationCache

    def send(
        self,
        headers: dict[str, str] | list[tuple[str, str]],
        body: bytes = BODY,
        *,
        method: str = "POST",
        path: str = BASE_PATH + TOKEN_PATH,
    ) -> httpx.Response:
        """Send a request and check the answer against the document."""
        response = self.client.request(method, path, headers=headers, content=body)
        check_answer(response)
        return response

    def ask(self, nicepay: Nicepay, timestamp: str | None = None) -> httpx.Response:
        """Send a genuine token request, signed now or with `timestamp`."""
        return self.send(nicepay.headers(timestamp or jakarta(self.clock.now)))


def write_settings(folder: Path, *clients: Nicepay, tolerance: int = 300, extra: str = "") -> Path:
    """Write settings, a token key and a public key file for each client, and return the path of the settings."""
    keys = folder / "token.keys"
    keys.write_bytes(Fernet.generate_key() + b"\n")
    keys.chmod(0o600)
    tables = [extra, '[token]\nkeys_file = "token.keys"']
    if "[state]" not in extra:
        tables.append('[state]\nurl = "memory://"')
    for nicepay in clients:
        (folder / f"{nicepay.client_key}.pem").write_text(nicepay.public_pem)
        tables.append(
            f'[[clients]]\nid = "{nicepay.client_key}"\npublic_keys = ["{nicepay.client_key}.pem"]\n'
            f"clock_tolerance_seconds = {tolerance}"
        )
    settings = folder / "snap-token.toml"
    settings.write_text("\n".join(tables))
    return settings


def services_of(settings: Settings, now: Callable[[], datetime]) -> Services:
    """The services of these settings, for tests that call the handlers without a server."""
    return assembly.build_services(settings, assembly.open_resources(settings, now))


def _run_until_done(serving: Coroutine[None, None, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)


@contextmanager
def serving(app: ASGIApp, companion: AbstractAsyncContextManager[None]) -> Iterator[str]:
    """Serve an application on a free port until the block ends, with `companion` open meanwhile. Gives the origin."""
    listener = listening_on("127.0.0.1", 0)
    server = uvicorn_server.make_server(app)
    running_servers = lifecycle.run_servers([(server, listener)], [companion])
    thread = threading.Thread(target=_run_until_done, args=(running_servers,))
    thread.start()
    try:
        yield sockets.origin("127.0.0.1", listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def running(settings: Settings, clock: Clock, *layers: Callable[[ASGIApp], ASGIApp]) -> Iterator[Merchant]:
    """Serve the public listener of these settings until the block ends. It trusts `X-Forwarded-For` of this machine."""
    stream = io.StringIO()
    configure.set_up(stream)
    shared = assembly.open_resources(settings, clock)
    services = assembly.build_services(settings, shared)
    app = application(public_api(settings.server.base_path), lambda: services, *layers)
    behind_a_proxy = TrustedProxies(app, [ip_network("127.0.0.1")], direct=True)
    with serving(behind_a_proxy, shared.running()) as origin:
        merchant = Merchant(origin, clock, stream)
        merchant.revocations = shared.revocations
        with merchant.client:
            yield merchant
