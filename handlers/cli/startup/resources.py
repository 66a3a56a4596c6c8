"""What a server opens at its start: sockets, the state store, the documents. Each failure is a UsageError."""

import errno
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from socket import socket

from starlette.types import ASGIApp

from handlers import __version__
from handlers.audit.first_write import make_folder, require_writable
from handlers.cli.errors import UsageError
from handlers.config.audit_table import Audit
from handlers.config.listener import Listener
from handlers.config.listeners import listeners_of
from handlers.config.settings import Settings
from handlers.config.socket_files import MODES
from handlers.server.observability.metrics.workers import MetricsFolderError
from handlers.server.openapi.api import Api
from handlers.server.openapi.application import application
from handlers.server.openapi.unsupported import UnsupportedError
from handlers.server.process import assembly, sockets, unix_socket
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


@contextmanager
def open_listener(table: Listener, name: str) -> Iterator[socket]:
    """Open a socket during the block where this settings table says. `name` is the name of the table.

    Raises:
        UsageError: the address or the socket cannot be used.
    """
    with ExitStack() as stack:
        try:
            listener = stack.enter_context(_opened(table))
        except OSError as error:
            raise UsageError(_listener_mistake(table, name, error)) from error
        yield listener


def _opened(table: Listener) -> AbstractContextManager[socket]:
    if table.socket:
        return unix_socket.listening(table.socket, MODES[table.socket_mode], table.socket_group)
    return sockets.bind(table.host, table.port)


def _listener_mistake(table: Listener, name: str, error: OSError) -> str:
    cause, _, _ = str(error.strerror).partition(" (while attempting")
    hint = " (is this server running already?)" if error.errno == errno.EADDRINUSE else ""
    if not table.socket:
        advice = f"set {name}.host and {name}.port to a free address"
        return f"cannot listen on {table.host}:{table.port}: {cause}{hint}; {advice}"
    if error.errno == errno.EPERM and table.socket_group is not None:
        return f"{name}.socket_group: this user may not give files to this group; add the user to the group"
    advice = f"set {name}.socket to a free path in a folder that this user can write to"
    return f"cannot listen on {table.socket}: {cause}{hint}; {advice}"


def listen(settings: Settings, listeners: Mapping[str, socket]) -> None:
    """Let the kernel accept connections, because they will be served now.

    Raises:
        UsageError: another program was faster and listens on the same address.
    """
    for name, listener in listeners.items():
        try:
            sockets.listen(listener)
        except OSError as error:
            raise UsageError(_listener_mistake(getattr(settings, name), name, error)) from error


@contextmanager
def open_listeners(settings: Settings) -> Iterator[Mapping[str, socket]]:
    """The listeners of these settings, by the name of their table. Those with a port refuse connections until `listen`.

    They are closed after the block.

    Raises:
        UsageError: an address cannot be used.
    """
    with ExitStack() as stack:
        yield {name: stack.enter_context(open_listener(table, name)) for name, table in listeners_of(settings).items()}


def public_origin(settings: Settings, listeners: Mapping[str, socket]) -> str:
    """The origin of the public listener."""
    return origin_of(settings.server, listeners["server"])


def origin_of(table: Listener, listener: socket) -> str:
    """The origin of a listener that is open. Its port may differ from that of its table, which can be 0."""
    host, port = table.address
    return sockets.origin(host, port if table.socket else listener.getsockname()[1], tls=table.tls is not None)


def open_shared(settings: Settings) -> assembly.ProcessResources:
    """Open the state store that the instances share.

    Raises:
        UsageError: the store, or the folder for the metrics of workers, cannot be used.
    """
    try:
        return assembly.open_resources(settings)
    except MetricsFolderError as error:
        raise UsageError(str(error)) from error
    except ValueError as error:
        message = f"state.url: {error}"
        raise UsageError(message) from error


def open_audit_folder(settings: Settings) -> None:
    """Make the folder of the audit trail if it is missing, and check that the server can write to it.

    Raises:
        UsageError: it cannot be made or written.
    """
    audit = settings.audit
    if audit:
        try:
            make_folder(audit.dir, audit.group)
            require_writable(audit.dir, audit.group)
        except OSError as error:
            raise UsageError(audit_mistake(audit, error)) from error


def audit_mistake(audit: Audit, error: OSError) -> str:
    """What is wrong with the folder of the audit trail, or with its group."""
    if error.errno == errno.EPERM and audit.group is not None:
        return "audit.group: this user may not give files to this group; add the user to the group, or name another"
    return f"audit.dir: no file can be written in {audit.dir}: {error.strerror}"


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
        "host": settings.server.address[0],
        "tls": settings.server.tls is not None,
        "state": settings.state.url.kind,
        "when_down": settings.state.when_down,
        "lifetime_seconds": settings.token.lifetime_seconds,
        "repeat": settings.token.repeat,
        "token_keys": settings.token.fingerprints,
        "clients": len(settings.clients),
        "services": len(settings.services),
        "internal": settings.internal is not None,
        "audit": settings.audit is not None,
        "sandbox": settings.sandbox.enabled,
    }
