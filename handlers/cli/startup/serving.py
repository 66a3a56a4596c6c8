"""The life of one process that serves: the only process, or a worker of several."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from socket import AF_UNIX, socket
from typing import Protocol

import uvloop

from handlers.cli.startup import resources
from handlers.cli.startup.announcement import announce
from handlers.cli.startup.applications import Applications
from handlers.config.settings import Settings
from handlers.config.watched_files import FileStamps
from handlers.server.observability import clock_jumps, tracing
from handlers.server.observability.metrics.definitions import (
    CONNECTIONS_OPEN,
    CONNECTIONS_WAITING,
    WORKER_STARTS,
    WORKERS_CONFIGURED,
    WORKERS_READY,
    StartCause,
)
from handlers.server.observability.metrics.installation import InstallationMetrics
from handlers.server.observability.metrics.samples import Samples
from handlers.server.openapi.documents import CONTRACT_VERSION
from handlers.server.process import assembly, lifecycle, service_manager, sockets
from handlers.server.process.exit_deadline import ExitDeadline
from handlers.server.process.reload import ReloadingServices
from handlers.server.process.tls_contexts import TlsContexts
from handlers.server.process.uvicorn_server import Server
from handlers.services import Services

Contexts = list[AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Start:
    """What a process starts with. `files` are the stamps of the files of the settings. `drain` writes the log."""

    settings: Settings
    files: FileStamps
    listeners: Mapping[str, socket]
    drain: Callable[[], None]
    deadline: ExitDeadline
    cause: StartCause = "start"


class Surroundings(Protocol):
    """What differs between the only process and a worker."""

    def built(self) -> None:
        """All is built, and nothing is served yet."""

    def controlled(self, control: lifecycle.Control) -> AbstractAsyncContextManager[None]:
        """The context in which the process follows signals or orders."""

    def serving(self) -> None:
        """All listeners are served."""

    def watching(self) -> Contexts:
        """Contexts that only one process of a server needs."""


class Alone:
    """The surroundings of the only process."""

    def __init__(self, start: Start) -> None:
        self._start = start

    def built(self) -> None:
        """Say where the server listens."""
        announce(self._start.settings, self._start.listeners)

    def controlled(self, control: lifecycle.Control) -> AbstractAsyncContextManager[None]:
        """Signals control the process."""
        return lifecycle.handle_signals(control)

    def serving(self) -> None:
        """Tell the service manager."""
        service_manager.notify(service_manager.READY)

    def watching(self) -> Contexts:
        """Watch the clock, warn about the state store, and prove to the service manager that the process lives."""
        return watching(self._start.settings)


def watching(settings: Settings) -> Contexts:
    """What one process of a server does for all."""
    return [
        clock_jumps.watch_clock(assembly.system_clock),
        assembly.log_state_warnings(settings),
        service_manager.watchdog(),
    ]


def serve(start: Start, around: Surroundings) -> None:
    """Serve until a signal or an order ends it.

    Raises:
        UsageError: the process cannot start.
    """
    settings = start.settings
    with tracing.exporting() as spans:
        resources.open_audit_folder(settings)
        shared, tls = resources.open_shared(settings), TlsContexts(settings)
        current = ReloadingServices(settings.file, settings, partial(_build, shared, tls))
        serving = Applications(settings, current, spans, tls).serving(start.listeners)
        servers = [server for server, _ in serving]
        shared.metrics.register(InstallationMetrics(lambda: current.settings, shared.now, CONTRACT_VERSION))
        _watch_connections(shared.metrics.samples, start.listeners, servers)
        resources.listen(settings, start.listeners)
        around.built()
        control = lifecycle.Control(servers, current.reload, start.deadline.start, shared.drain)
        contexts = [
            around.controlled(control),
            shared.running(),
            shared.recording_start_and_stop(resources.settings_summary(settings)),
            current.running(start.files),
            *around.watching(),
            lifecycle.announcing(servers, partial(_report, start, around)),
        ]
        _run(start, serving, contexts)


def _build(shared: assembly.ProcessResources, tls: TlsContexts, settings: Settings) -> Services:
    """The services of new settings, and from now on the certificates in them."""
    services = assembly.build_services(settings, shared)
    tls.use(settings)
    return services


def _run(start: Start, serving: lifecycle.Serving, contexts: Contexts) -> None:
    lifecycle.freeze_long_lived_objects()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(lifecycle.run_servers(serving, contexts))
        finally:
            start.drain()  # While the event loop exists, another signal does not kill the process.
            start.deadline.shorten()


def _report(start: Start, around: Surroundings) -> None:
    WORKERS_READY().set(1)
    WORKERS_CONFIGURED().set(start.settings.server.workers)
    WORKER_STARTS(start.cause).inc()
    around.serving()


def _watch_connections(samples: Samples, listeners: Mapping[str, socket], servers: list[Server]) -> None:
    """The label of the metrics is the table of the settings that opens the listener.

    The kernel does not say how many connections wait at a Unix socket.
    """
    for name, server in zip(listeners, servers, strict=True):
        samples.watch(partial(CONNECTIONS_OPEN, name), partial(_open_connections, server))
    for name, listener in [each for each in listeners.items() if each[1].family != AF_UNIX]:
        samples.watch(partial(CONNECTIONS_WAITING, name), partial(sockets.waiting_connections, listener))


def _open_connections(server: Server) -> int:
    return server.open_connections
