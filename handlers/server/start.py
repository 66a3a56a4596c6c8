"""From settings to a running server, and its end."""

import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import uvicorn
from starlette.types import ASGIApp

from handlers.server import concerns
from handlers.server.key_files import NO_SECRETS
from handlers.server.known_secrets import secrets_of
from handlers.server.listener import Server
from handlers.server.masking import MASKING
from handlers.server.settings import Settings
from handlers.server.settings_tables import ClientTable, Internal
from handlers.services import Services
from handlers.snap.client import Client, Clients
from handlers.snap.token import TokenKeys
from handlers.state.revocations import Revocations
from handlers.state.when_down import GuardedState, WhenDown

_BACKLOG = 2_048
_UNREAD_MILLISECONDS = 30_000
_IDLE_SECONDS = 5

# Seconds after the last answers of `listener.py`, which take up to `_IDLE_SECONDS`. The sum is longer than a body may
# take to come, so that what is under way gets its answer, and shorter than `last_resort.LONGEST_END_SECONDS`.
_LONGEST_ANSWER = 7


def system_clock() -> datetime:
    """The machine's time, aware, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Shared:
    """What lives as long as the process, whatever becomes of keys and clients.

    `internal` is the table as it was at the start. Only its secrets can change later.
    """

    state: GuardedState
    revocations: Revocations
    when_down: WhenDown
    now: Callable[[], datetime]
    internal: Internal | None

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """While the block runs, revocations are kept fresh, and an outage is probed. After it the state is closed."""
        try:
            async with self.revocations.kept_fresh(), self.state.probed(self.now):
                yield
        finally:
            await self.state.close()


def share(settings: Settings, now: Callable[[], datetime] = system_clock) -> Shared:
    """Open the state that instances share; ValueError if it cannot be used."""
    when_down = WhenDown(settings.state.when_down)
    state = GuardedState(settings.state.url.open(starting=True), when_down)
    return Shared(state, Revocations(state, when_down, now), when_down, now, settings.internal)


def clients_of(settings: Settings) -> Clients:
    """The clients that the settings know."""
    return Clients([_client(table) for table in settings.clients])


def token_keys_of(settings: Settings) -> TokenKeys:
    """The keys that mint and open tokens, for the lifetime that is set."""
    file, lifetime = settings.token.keys_file, timedelta(seconds=settings.token.lifetime_seconds)
    return TokenKeys(file.keys, lifetime, file.retired_at)


def assemble(settings: Settings, shared: Shared) -> Services:
    """What the handlers need, from the settings. From now on the log masks the secrets of these settings."""
    MASKING.learn(secrets_of(settings))
    return Services(
        now=shared.now,
        clients=clients_of(settings),
        token_keys=token_keys_of(settings),
        state=shared.state,
        revocations=shared.revocations,
        when_down=shared.when_down,
        repeat=settings.token.repeat,
        service_codes={table.path: table.service_code for table in settings.services},
        service_methods={table.path: table.methods for table in settings.services},
        accel_redirect=shared.internal.accel_redirect if shared.internal else None,
        internal_secrets=_internal_secrets(settings.internal, shared.internal),
    )


def _internal_secrets(table: Internal | None, started: Internal | None) -> tuple[bytes, ...]:
    """The current ones; those of the start if the table is gone, or has none while others can reach the listener."""
    if started and (table is None or not (table.secrets or started.is_loopback)):
        return started.secrets
    return table.secrets if table else NO_SECRETS


def _client(table: ClientTable) -> Client:
    newest, *former = table.call_secrets or (None,)
    return Client(
        key=table.id,
        public_keys=table.public_keys,
        clock_tolerance=timedelta(seconds=table.clock_tolerance_seconds),
        partner_id=table.partner_id,
        client_secret=newest,
        former_secrets=tuple(former),
        suspended=table.suspended,
    )


def warn(settings: Settings) -> None:
    """Log the warnings about the settings."""
    for concern in concerns.of_settings(settings, system_clock()):
        concern.log()


@asynccontextmanager
async def warned_of_state(settings: Settings) -> AsyncIterator[None]:
    """Log the warnings about the state engine before the block begins."""
    for concern in await concerns.of_state(settings.state.url):
        concern.log()
    yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; OSError if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    with suppress(AttributeError):  # Linux alone has it.
        # Connections inherit it: whoever asks and never reads the answers is gone after this time.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MILLISECONDS)
    return listener


def origin(host: str, port: int) -> str:
    """The start of the server's URLs, as a caller on this machine writes it."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def until_told_to_stop() -> Iterator[None]:
    """End the block, without an error, at SIGINT or SIGTERM, until the servers handle these themselves.

    SIGHUP, which would kill, means nothing until then: whatever changes after it was read is seen anyway.
    """
    stop, reload = signal.SIGTERM, signal.SIGHUP
    before = {stop: signal.signal(stop, signal.default_int_handler), reload: signal.signal(reload, signal.SIG_IGN)}
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def spare_what_stays() -> None:
    """Have the garbage collector pass over what the start has made (`gc.freeze`).

    That is about 100,000 objects, which stay to the end; looking through them held up every answer for 50 ms, once in
    some seconds of load.
    """
    gc.collect()
    gc.freeze()


def server(app: ASGIApp) -> Server:
    """An HTTP server that finishes what is under way when it is told to end."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_LONGEST_ANSWER,
    )
    return Server(config)
