"""From settings to a running server, and its end."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import structlog
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.types import ASGIApp

from handlers.server.listener import Server
from handlers.server.settings import Settings
from handlers.services import Services
from handlers.snap.client import Client, Clients
from handlers.snap.keys import ADVISED_BITS
from handlers.snap.token import TokenKeys
from handlers.state.memory import MemoryState
from handlers.state.revocations import Revocations

_log = structlog.get_logger()

_BACKLOG = 2_048
_UNREAD_MILLISECONDS = 30_000
_IDLE_SECONDS = 5

# Seconds; longer than a body may take to come, so that what is under way gets its answer.
_LONGEST_END = 15


def system_clock() -> datetime:
    """The machine's time, aware, UTC."""
    return datetime.now(UTC)


def assemble(settings: Settings, now: Callable[[], datetime] = system_clock) -> Services:
    """What the handlers need, from the settings."""
    clients = [
        Client(table.id, table.public_keys, timedelta(seconds=table.clock_tolerance_seconds))
        for table in settings.clients
    ]
    lifetime = timedelta(seconds=settings.token.lifetime_seconds)
    token_keys = TokenKeys(settings.token.keys, lifetime)
    return Services(now, Clients(clients, _dummy_key), token_keys, MemoryState(), Revocations())


def _dummy_key(bits: int) -> rsa.RSAPublicKey:
    """Nobody holds its private half: it is forgotten here."""
    return rsa.generate_private_key(65537, bits).public_key()


def warn(settings: Settings) -> None:
    """Say what is allowed but not good."""
    for table in settings.clients:
        for key in table.public_keys:
            if key.key_size < ADVISED_BITS:
                _log.warning("client.key_is_short", client_key=table.id, bits=key.key_size, advised=ADVISED_BITS)


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
    """End the block, without an error, at SIGINT or SIGTERM, while the server starts as well as once it serves.

    Uvicorn, when it has stopped for a signal, raises that signal again for whoever handled it before.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


def server(app: ASGIApp) -> Server:
    """An HTTP server that stops at SIGINT or SIGTERM and finishes the requests under way first."""
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
        timeout_graceful_shutdown=_LONGEST_END,
    )
    return Server(config)
