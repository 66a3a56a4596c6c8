"""The start of a worker."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from os import getpid
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, cast

from handlers.cli.errors import UsageError
from handlers.cli.settings_file import load_settings
from handlers.cli.startup import resources
from handlers.cli.startup.serving import Contexts, Start, serve
from handlers.config.listener import Listener
from handlers.config.listeners import listeners_of
from handlers.config.settings import Settings
from handlers.config.watched_files import record_files
from handlers.server.observability import configure
from handlers.server.observability.json_line import JSON_LINE
from handlers.server.process.exit_deadline import exit_deadline
from handlers.server.process.lifecycle import Control
from handlers.server.process.workers.messages import Assignment, Inherited, Ready
from handlers.server.process.workers.shared_folder import share_log
from handlers.server.process.workers.supervisor_link import SupervisorLink

if TYPE_CHECKING:
    from handlers.server.observability.metrics.definitions import StartCause


class UnderSupervisor:
    """The surroundings of a worker. The supervisor gives the orders, and does what one process does for all."""

    def __init__(self, settings: Settings, link: SupervisorLink) -> None:
        self._report = Ready(settings.server.workers, settings.server.drain_seconds)
        self._link = link

    def built(self) -> None:
        """Say nothing. The supervisor says where the server listens."""

    def controlled(self, control: Control) -> AbstractAsyncContextManager[None]:
        """Orders control the process."""
        return self._link.obeying(control)

    def serving(self) -> None:
        """Tell the supervisor."""
        self._link.report(self._report)

    def watching(self) -> Contexts:
        """Nothing, because the supervisor does it."""
        return []


def work(assignment: Assignment, link: SupervisorLink) -> tuple[str, ...]:
    """Serve until the supervisor ends it. Return the mistakes if it cannot start."""
    drain = configure.set_up()
    share_log(Path(assignment.folder))
    try:
        resources.require_libraries()
        with record_files() as files:
            settings = load_settings(Path(assignment.config))
        JSON_LINE.use(settings.log.fields, getpid())
        with exit_deadline(drain) as deadline, _inherited_listeners(settings, assignment) as listeners:
            cause = cast("StartCause", assignment.cause)
            serve(Start(settings, files, listeners, drain, deadline, cause), UnderSupervisor(settings, link))
    except UsageError as error:
        return error.mistakes
    return ()


@contextmanager
def _inherited_listeners(settings: Settings, assignment: Assignment) -> Iterator[Mapping[str, socket]]:
    tables, inherited = listeners_of(settings), assignment.listeners
    mistakes = [name for name in {**tables, **inherited} if not _is_open_on(tables.get(name), inherited.get(name))]
    if mistakes:
        raise UsageError(*(f"{name}: the address has changed; restart the whole server" for name in mistakes))
    with ExitStack() as stack:
        yield {name: stack.enter_context(socket(fileno=each.descriptor)) for name, each in inherited.items()}


def _is_open_on(table: Listener | None, inherited: Inherited | None) -> bool:
    """Whether the supervisor listens where these settings say."""
    if not (table and inherited):
        return False
    return table.address == (inherited.host, inherited.port)
