"""What a server opens at its start: sockets, the state store, the documents. Each failure is a UsageError."""

import errno
import platform
from collections.abc import Callable, Mapping
from socket import socket

from starlette.types import ASGIApp

from handlers import __version__
from handlers.cli.errors import UsageError
from handlers.config.settings import Settings
from handlers.config.tables import Listener
from handlers.server.openapi.api import Api
from handlers.server.openapi.application import application
from handlers.server.openapi.unsupported import UnsupportedError
from handlers.server.process import assembly, sockets
from handlers.server.process.library_internals import missing_internals
from handlers.services import Services

_LONGEST_CAUSE = 200


def require_libraries() -> None:
    """Check that the installed libraries have the private names that the server uses.

    Raises:
        UsageError: a name is missing.
    """
    missing = missing_internals()
    if missing:
        raise UsageError(*missing)


def open_listener(table: Listener, name: str) -> socket:
    """Open a socket that listens on `host` and `port` of this settings table. `name` is the name of the table.

    Raises:
        UsageError: the address cannot be used.
    """
    try:
        return sockets.listen(table.host, table.port)
    except OSError as error:
        cause, _, _ = str(error.strerror).partition(" (while attempting")
        hint = " (is this server running already?)" if error.errno == errno.EADDRINUSE else ""
        advice = f"set {name}.host and {name}.port to a free address"
        message = f"cannot listen on {table.host}:{table.port}: {cause}{hint}; {advice}"
        raise UsageError(message) from error


def open_shared(settings: Settings) -> assembly.ProcessResources:
    """Open the state store that the instances share.

    Raises:
        UsageError: the store cannot be used.
    """
    try:
        return assembly.open_resources(settings)
    except ValueError as error:
        message = f"state.url: {error}"
        raise UsageError(message) from error


def build_application(api: Api, services: Callable[[], Services], *layers: Callable[[ASGIApp], ASGIApp]) -> ASGIApp:
    """The application that serves an OpenAPI document.

    Raises:
        UsageError: the document cannot be read, or is not valid.
    """
    try:
        app: ASGIApp = application(api, services, *layers)
    except UnsupportedError as error:
        message = f"{api.document} cannot be served: {error}"
        raise UsageError(message) from error
    except Exception as error:  # Several libraries read and check it. Each has its own errors.
        cause = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:_LONGEST_CAUSE]}"
        message = f"{api.document} cannot be served: {cause}; install snap-token-server again"
        raise UsageError(message) from error
    return app


def settings_summary(settings: Settings) -> Mapping[str, object]:
    """The versions and settings for the log line of the start. None of them is secret."""
    return {
        "version": __version__,
        "python": platform.python_version(),
        "host": settings.server.host,
        "state": settings.state.url.kind,
        "when_down": settings.state.when_down,
        "lifetime_seconds": settings.token.lifetime_seconds,
        "repeat": settings.token.repeat,
        "token_keys": settings.token.fingerprints,
        "clients": len(settings.clients),
        "services": len(settings.services),
        "internal": settings.internal is not None,
        "sandbox": settings.sandbox.enabled,
    }
