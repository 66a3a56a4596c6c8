"""The applications of both listeners, with their layers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from socket import socket
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from handlers.cli.simulator.signing_key import read_signing_key
from handlers.cli.startup.resources import build_application, public_origin
from handlers.config.listener import Listener
from handlers.config.settings import Settings
from handlers.config.tables import Internal
from handlers.server.http.client_address import TrustedProxies
from handlers.server.http.limits import LARGEST_BODY
from handlers.server.observability.captures import CaptureFilter, CaptureMiddleware, at_path, at_path_or_signed
from handlers.server.observability.refusal_diagnosis import RefusalDiagnoser
from handlers.server.openapi.api import Api
from handlers.server.openapi.application import internal_api, public_api
from handlers.server.openapi.documents import TOKEN_PATH
from handlers.server.openapi.internal_api import AUTHORIZE, ForwardedCall
from handlers.server.openapi.span_middleware import SpanMiddleware
from handlers.server.process import assembly, uvicorn_server
from handlers.server.process.reload import ReloadingServices
from handlers.server.process.tls_contexts import TlsContexts
from handlers.server.process.uvicorn_server import Server
from handlers.server.sandbox.diagnosis import explain_with_doctor
from handlers.server.sandbox.page_api import SandboxApi
from handlers.server.sandbox.pages import SandboxPages

if TYPE_CHECKING:
    from handlers.server.observability.open_telemetry import Spans


@dataclass(frozen=True, slots=True)
class Applications:
    """Makes the servers of one process."""

    settings: Settings
    current: ReloadingServices
    spans: "Spans | None"
    tls: TlsContexts

    def serving(self, listeners: Mapping[str, socket]) -> Sequence[tuple[Server, socket]]:
        """A server for each listener, by the name of its table in the settings.

        Raises:
            UsageError: a document cannot be served.
        """
        apps = {"server": self._public(public_origin(self.settings, listeners))}
        if self.settings.internal:
            apps["internal"] = self._internal(self.settings.internal)
        servers = {name: uvicorn_server.make_server(app, self.tls.current(name), name) for name, app in apps.items()}
        return [(server, listeners[name]) for name, server in servers.items()]

    def _public(self, origin: str) -> ASGIApp:
        base_path = self.settings.server.base_path
        layers = [self._pages(origin)] if self.settings.sandbox.enabled else []
        app = self._built(public_api(base_path), *layers)
        app = self._with_captures(app, at_path_or_signed(base_path + TOKEN_PATH))
        return self._behind_proxies(app, self.settings.server, direct=True)

    def _internal(self, table: Internal) -> ASGIApp:
        app = self._built(internal_api(table, self.current))
        app = ForwardedCall(app) if table.call_headers == "x-forwarded" else app
        app = self._with_captures(app, at_path(AUTHORIZE), table.body_limit_bytes)
        # The address of the connection is the proxy's, not the acquirer's.
        return self._behind_proxies(app, table, direct=False)

    def _pages(self, origin: str) -> Callable[[ASGIApp], ASGIApp]:
        base_path = self.settings.server.base_path
        explain = explain_with_doctor(self.current, base_path + TOKEN_PATH)
        key = read_signing_key(self.settings.sandbox.private_key_file)
        sandbox_api = SandboxApi(key, assembly.system_clock, explain)
        return partial(SandboxPages, origin=origin, base_path=base_path, api=sandbox_api)

    def _built(self, api: Api, *layers: Callable[[ASGIApp], ASGIApp]) -> ASGIApp:
        api = replace(api, explain=RefusalDiagnoser()) if self.settings.debug.explain else api
        app = build_application(api, self.current, *layers)
        return SpanMiddleware(app, self.spans, api) if self.spans else app

    def _with_captures(self, app: ASGIApp, capture_filter: CaptureFilter, body_limit: int = LARGEST_BODY) -> ASGIApp:
        folder = self.settings.debug.capture_dir
        return CaptureMiddleware(app, folder, self.current().now, capture_filter, body_limit) if folder else app

    def _behind_proxies(self, app: ASGIApp, table: Listener, *, direct: bool) -> ASGIApp:
        trusted, unix = self.settings.server.trusted_proxies, table.socket is not None
        return TrustedProxies(app, trusted, direct=direct, unix=unix)
