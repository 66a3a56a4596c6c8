"""`snap-token serve`: run the server."""

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

from handlers.cli.errors import USAGE_ERROR_STATUS, UsageError, load_settings
from handlers.cli.simulator.signed_request import SignedRequest
from handlers.cli.simulator.signing_key import read_signing_key
from handlers.cli.startup import dry_run, resources
from handlers.config.settings import Settings
from handlers.config.tables import Internal
from handlers.config.watched_files import FileStamps, record_files
from handlers.server.http.client_address import TrustedProxies
from handlers.server.http.limits import LARGEST_BODY
from handlers.server.observability import clock_jumps, configure
from handlers.server.observability.captures import CaptureFilter, CaptureMiddleware, at_path, at_path_or_signed
from handlers.server.observability.refusal_diagnosis import RefusalDiagnoser
from handlers.server.openapi.api import Api
from handlers.server.openapi.application import internal_api, public_api
from handlers.server.openapi.documents import TOKEN_PATH
from handlers.server.openapi.internal_api import AUTHORIZE, ForwardedCall
from handlers.server.process import assembly, lifecycle, sockets, uvicorn_server
from handlers.server.process.exit_deadline import ExitDeadline, exit_deadline
from handlers.server.process.reload import ReloadingServices
from handlers.server.process.uvicorn_server import Server
from handlers.server.sandbox.diagnosis import explain_with_doctor
from handlers.server.sandbox.page_api import SandboxApi
from handlers.server.sandbox.pages import SandboxPages


def serve(*, config: Path, check: bool = False) -> int:
    """Run the server until it gets SIGINT or SIGTERM.

    Exit status 2 if the server cannot start. On a terminal, plain lines say why. Otherwise the log has one line of JSON
    that says why.

    Example: snap-token serve --config sandbox/snap-token.toml

    Args:
        config: The settings file.
        check: Do not start the server, only check whether it would start: settings and keys, addresses, the state
            store, the folder for captures, the API documents. Print every mistake and every warning.
    """
    drain = configure.set_up()
    if check:
        dry_run.check(config)
        return 0
    try:
        _start(config, drain)
    except UsageError as error:
        if sys.stderr.isatty():
            raise
        structlog.get_logger().error("start.failed", mistakes=error.mistakes)
        return USAGE_ERROR_STATUS
    structlog.get_logger().info("server.stopped")
    return 0


def _start(config: Path, drain: Callable[[], None]) -> None:
    resources.require_libraries()
    with record_files() as files:
        settings = load_settings(config)
    assembly.log_setting_warnings(settings)
    with lifecycle.end_quietly_on_signals(), exit_deadline(drain) as deadline:
        _serve(config, settings, files, drain, deadline)


def _serve(
    config: Path, settings: Settings, files: FileStamps, drain: Callable[[], None], deadline: ExitDeadline
) -> None:
    shared = resources.open_shared(settings)
    current = ReloadingServices(config, settings, partial(assembly.build_services, resources=shared))
    serving = [_public(settings, current)]
    if settings.internal:
        serving.append(_internal(settings, settings.internal, current))
    servers = [server for server, _ in serving]
    lifecycle.freeze_long_lived_objects()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        contexts = [
            lifecycle.handle_signals(servers, current.reload, deadline.start),
            shared.running(),
            current.running(files),
            clock_jumps.watch_clock(shared.now),
            assembly.log_state_warnings(settings),
        ]
        try:
            runner.run(lifecycle.run_servers(serving, contexts))
        finally:
            drain()  # While the event loop exists, another signal does not kill the process.
            deadline.shorten()


def _public(settings: Settings, current: ReloadingServices) -> tuple[Server, socket]:
    listener = resources.open_listener(settings.server, "server")
    origin = sockets.origin(settings.server.host, listener.getsockname()[1])
    layers = [_pages(settings, current)] if settings.sandbox.enabled else []
    api = _with_explanations(public_api(settings.server.base_path), settings)
    capture_filter = at_path_or_signed(settings.server.base_path + TOKEN_PATH)
    app = _with_captures(resources.build_application(api, current, *layers), settings, current, capture_filter)
    if settings.sandbox.enabled:
        sys.stdout.write(_greeting(settings, origin))
        sys.stdout.flush()
    endpoint = f"{origin}{settings.server.base_path}{TOKEN_PATH}"
    structlog.get_logger().info("server.listening", endpoint=endpoint, **resources.settings_summary(settings))
    return uvicorn_server.make_server(_behind_proxies(app, settings, direct=True)), listener


def _pages(settings: Settings, current: ReloadingServices) -> Callable[[ASGIApp], ASGIApp]:
    base_path = settings.server.base_path
    explain = explain_with_doctor(current, base_path + TOKEN_PATH)
    sandbox_api = SandboxApi(read_signing_key(settings.sandbox.private_key_file), assembly.system_clock, explain)
    return partial(SandboxPages, base_path=base_path, api=sandbox_api)


def _internal(settings: Settings, internal: Internal, current: ReloadingServices) -> tuple[Server, socket]:
    listener = resources.open_listener(internal, "internal")
    origin = sockets.origin(internal.host, listener.getsockname()[1])
    api = _with_explanations(internal_api(internal, current), settings)
    app = resources.build_application(api, current)
    app = ForwardedCall(app) if internal.call_headers == "x-forwarded" else app
    app = _with_captures(app, settings, current, at_path(AUTHORIZE), internal.body_limit_bytes)
    structlog.get_logger().info("internal.listening", endpoint=f"{origin}{AUTHORIZE}")
    # The address of the connection is the proxy's, not the acquirer's.
    return uvicorn_server.make_server(_behind_proxies(app, settings, direct=False)), listener


def _behind_proxies(app: ASGIApp, settings: Settings, *, direct: bool) -> ASGIApp:
    return TrustedProxies(app, settings.server.trusted_proxies, direct=direct)


def _with_explanations(api: Api, settings: Settings) -> Api:
    return replace(api, explain=RefusalDiagnoser()) if settings.debug.explain else api


def _with_captures(
    app: ASGIApp,
    settings: Settings,
    current: ReloadingServices,
    capture_filter: CaptureFilter,
    body_limit: int = LARGEST_BODY,
) -> ASGIApp:
    folder = settings.debug.capture_dir
    return CaptureMiddleware(app, folder, current().now, capture_filter, body_limit) if folder else app


def _greeting(settings: Settings, origin: str) -> str:
    endpoint = f"{origin}{settings.server.base_path}{TOKEN_PATH}"
    key = read_signing_key(settings.sandbox.private_key_file)
    signed = SignedRequest.make(endpoint, settings.clients[0].id, key, assembly.system_clock())
    seconds = settings.clients[0].clock_tolerance_seconds
    return f"""\
Endpoint    POST {endpoint}
Swagger UI  {origin}/ui/
Document    {origin}/openapi.yaml

A request as NICEPAY sends it, valid for {seconds} seconds (`make request` signs a new one):

{signed.as_curl()}

"""
