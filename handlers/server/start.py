"""From settings to a running server, and its end."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.types import ASGIApp

from handlers.server.settings import Settings
from handlers.services import Services
from handlers.snap.client import Client, Clients
from handlers.snap.keys import ADVISED_BITS
from handlers.snap.token import TokenKeys

_log = structlog.get_logger()


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
    return Services(now, Clients(clients, _dummy_key), TokenKeys(settings.token.keys, lifetime))


def _dummy_key(bits: int) -> rsa.RSAPublicKey:
    """Nobody holds its private half: it is forgotten here."""
    return rsa.generate_private_key(65537, bits).public_key()


def warn(settings: Settings) -> None:
    """Say what is allowed but not good."""
    for table in settings.clients:
        for key in table.public_keys:
            if key.key_size < ADVISED_BITS:
                _log.warning("client.key_is_short", client_key=table.id, bits=key.key_size, advised=ADVISED_BITS)
    for name in ("state", "internal"):
        if getattr(settings, name):
            _log.warning("settings.without_effect", table=name, advice="this version does not read it")


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; OSError if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)


def origin(host: str, port: int) -> str:
    """The start of the server's URLs, as a caller on this machine writes it."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def server(app: ASGIApp) -> uvicorn.Server:
    """An HTTP server that stops at SIGINT or SIGTERM and finishes the requests under way first."""
    config = uvicorn.Config(
        app,
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    return uvicorn.Server(config)
