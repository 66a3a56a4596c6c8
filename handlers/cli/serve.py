"""`snap-token serve`: the server."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from socket import socket

import structlog
import uvloop
from starlette.types import ASGIApp

from handlers.cli.misuse import MisuseError, settings_of
from handlers.cli.signing import TOKEN_PATH, SignedRequest, private_key_of
from handlers.server import clock_jumps, lifetime, logs, start
from handlers.server.api import Api
from handlers.server.application import application, internal_api, public_api
from handlers.server.captures import Captures, Keeps, asked_at, asked_at_or_signed
from handlers.server.consultation import consultation
from handlers.server.current import Current
from handlers.server.desk import Desk
from handlers.server.explaining import Explainer
from handlers.server.files_read import Files, files_read
from handlers.server.guard import LARGEST_BODY
from handlers.server.internal import AUTHORIZE, ForwardedCall
from handlers.server.last_resort import last_resort
from handlers.server.listener import Server
from handlers.server.private_names import missing_names
from handlers.server.sandbox import SandboxPages
from handlers.server.settings import Settings
from handlers.server.settings_tables import Internal, Listener


def serve(*, config: Path, check: bool = False) -> None:
    """Serve the access token endpoint until it is told to stop (SIGINT, SIGTERM).

    Example: snap-token serve --config sandbox/snap-token.toml

    Args:
        config: The settings file.
        check: Only validate the settings, keys included, and end.
    """
    _require_libraries()
    with files_read() as files:
        settings = settings_of(config)
    drain = logs.set_up()
    start.warn(settings)
    if check:
        sys.stdout.write(f"{config}: good\n")
        return
    with start.until_told_to_stop():
        _serve(config, settings, files, drain)
    structlog.get_logger().info("server.stopped")


def _require_libraries() -> None:
    lacking = missing_names()
    if lacking:
        raise MisuseError(*lacking)


def _listener(table: Listener, name: str) -> socket:
    try:
        return start.listen(table.host, table.port)
    except OSError as error:
        cause, _, _ = str(error.strerror).partition(" (while attempting")
        message = (
            f"cannot listen on {table.host}:{table.port}: {cause}; set {name}.host and {name}.port to a free address"
        )
        raise MisuseError(message) from error


def _shared(settings: Settings) -> start.Shared:
    try:
        return start.share(settings)
    except ValueError as error:
        message = f"state.url: {error}"
        raise MisuseError(message) from error


def _serve(config: Path, settings: Settings, files: Files, drain: Callable[[], None]) -> None:
    shared = _shared(settings)
    current = Current(config, settings, partial(start.assemble, shared=shared))
    serving = [_public(settings, current)]
    if settings.internal:
        serving.append(_internal(settings, settings.internal, current))
    servers = [server for server, _ in serving]
    start.spare_what_stays()
    with last_resort(drain) as resort, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        companions = [
            lifetime.on_signals(servers, current.reload, resort.told_to_end),
            shared.kept(),
            current.kept(files),
            clock_jumps.watched(shared.now),
        ]
        try:
            runner.run(lifetime.live(serving, companions))
        finally:
            drain()  # As long as the loop is there, a further signal does not kill.
            resort.done()


def _public(settings: Settings, current: Current) -> tuple[Server, socket]:
    listener = _listener(settings.server, "server")
    origin = start.origin(settings.server.host, listener.getsockname()[1])
    layers = []
    if settings.sandbox.enabled:
        layers = [_pages(settings, current)]
        sys.stdout.write(_greeting(settings, origin))
        sys.stdout.flush()
    api = _explained(public_api(settings.server.base_path), settings)
    structlog.get_logger().info("server.listening", endpoint=f"{origin}{settings.server.base_path}{TOKEN_PATH}")
    keeps = asked_at_or_signed(settings.server.base_path + TOKEN_PATH)
    return start.server(_captured(application(api, current, *layers), settings, current, keeps)), listener


def _pages(settings: Settings, current: Current) -> Callable[[ASGIApp], ASGIApp]:
    base_path = settings.server.base_path
    explain = consultation(current, base_path + TOKEN_PATH)
    desk = Desk(private_key_of(settings.sandbox.private_key_file), start.system_clock, explain)
    return partial(SandboxPages, base_path=base_path, desk=desk)


def _internal(settings: Settings, internal: Internal, current: Current) -> tuple[Server, socket]:
    listener = _listener(internal, "internal")
    origin = start.origin(internal.host, listener.getsockname()[1])
    api = _explained(internal_api(internal, current), settings)
    app = _captured(application(api, current), settings, current, asked_at(AUTHORIZE), internal.body_limit_bytes)
    structlog.get_logger().info("internal.listening", endpoint=f"{origin}{AUTHORIZE}")
    return start.server(ForwardedCall(app) if internal.call_headers == "x-forwarded" else app), listener


def _explained(api: Api, settings: Settings) -> Api:
    return replace(api, explain=Explainer()) if settings.debug.explain else api


def _captured(app: ASGIApp, settings: Settings, current: Current, keeps: Keeps, largest: int = LARGEST_BODY) -> ASGIApp:
    folder = settings.debug.capture_dir
    return Captures(app, folder, current().now, keeps, largest) if folder else app


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
