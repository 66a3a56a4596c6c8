"""`snap-token serve`: the server."""

import sys
from functools import partial
from pathlib import Path
from socket import socket

import structlog

from handlers.cli.misuse import MisuseError, settings_of
from handlers.cli.signing import TOKEN_PATH, SignedRequest, private_key_of
from handlers.server import logs, start
from handlers.server.application import application, public_api
from handlers.server.sandbox import SandboxPages
from handlers.server.settings import Settings


def serve(*, config: Path, check: bool = False) -> None:
    """Serve the access token endpoint until it is told to stop (SIGINT, SIGTERM).

    Example: snap-token serve --config sandbox/snap-token.toml

    Args:
        config: The settings file.
        check: Only validate the settings, keys included, and end.
    """
    settings = settings_of(config)
    logs.set_up()
    start.warn(settings)
    if check:
        sys.stdout.write(f"{config}: good\n")
        return
    with start.until_told_to_stop():
        _serve(settings)
    structlog.get_logger().info("server.stopped")


def _listener(settings: Settings) -> socket:
    try:
        return start.listen(settings.server.host, settings.server.port)
    except OSError as error:
        address = f"{settings.server.host}:{settings.server.port}"
        cause, _, _ = str(error.strerror).partition(" (while attempting")
        message = f"cannot listen on {address}: {cause}; set server.host and server.port to a free address"
        raise MisuseError(message) from error


def _serve(settings: Settings) -> None:
    listener = _listener(settings)
    services = start.assemble(settings)
    origin = start.origin(settings.server.host, listener.getsockname()[1])
    layers = []
    if settings.sandbox.enabled:
        layers = [partial(SandboxPages, base_path=settings.server.base_path)]
        sys.stdout.write(_greeting(settings, origin))
        sys.stdout.flush()
    structlog.get_logger().info("server.listening", endpoint=f"{origin}{settings.server.base_path}{TOKEN_PATH}")
    app = application(public_api(settings.server.base_path), lambda: services, *layers)
    start.server(app).run(sockets=[listener])


def _greeting(settings: Settings, origin: str) -> str:
    endpoint = f"{origin}{settings.server.base_path}{TOKEN_PATH}"
    key = private_key_of(settings.sandbox.private_key_file)
    signed = SignedRequest.make(endpoint, settings.clients[0].id, key, start.system_clock())
    seconds = settings.clients[0].clock_tolerance_seconds
    return f"""\
Endpoint    POST {endpoint}
Swagger UI  {origin}/ui/
Document    {origin}/openapi.yaml

A request as NICEPAY would send it, good for {seconds} seconds (`make request` signs a new one):

{signed.as_curl()}

"""
