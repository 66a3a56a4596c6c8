"""The addresses of the listeners: free, or in use by this server. And how many connections they may have."""

import errno
from collections.abc import Iterator
from math import inf
from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit

import httpx
from prometheus_client.parser import text_string_to_metric_families

from handlers.cli.errors import UsageError
from handlers.cli.self_check.finding import Finding, error, from_message, good, skipped, warning
from handlers.cli.startup import running_server
from handlers.cli.startup.inherited import RESERVED_FILES
from handlers.cli.startup.resources import open_listener
from handlers.config.listener import Listener
from handlers.config.settings import Settings
from handlers.config.tables import Internal
from handlers.escaping import escaped
from handlers.server.process.uvicorn_server import MOST_CONNECTIONS

_LONGEST_TEXT = 200


def check_listeners(settings: Settings) -> Iterator[Finding]:
    """Whether each address is free, or the server that listens there is this one, and whether it is ready."""
    yield _of_listener(settings.server, "server")
    if settings.internal:
        yield _of_listener(settings.internal, "internal")
        yield from _readiness(settings.internal)


def _of_listener(table: Listener, name: str) -> Finding:
    address = f"{name}: {table.socket or f'{table.host}:{table.port}'}"
    if not (table.port or table.socket):
        return skipped("listeners.ports", f"{address}: any free port", f"set {name}.port to check it")
    try:
        with open_listener(table, name):
            pass
    except UsageError as mistake:
        return _of_refused_address(address, running_server.ask_listener(table, name), mistake)
    return good("listeners.ports", f"{address} is free; no server runs there")


def _of_refused_address(address: str, answer: httpx.Response | str, mistake: UsageError) -> Finding:
    """Without its rights, for example to a port below 1024, this user does not learn whether the address is in use."""
    if running_server.is_ours(answer):
        return good("listeners.ports", f"{address} is in use by this server")
    if getattr(mistake.__cause__, "errno", None) != errno.EADDRINUSE:
        return from_message("error", "listeners.ports", str(mistake))
    cause = f"gives no answer ({answer})" if isinstance(answer, str) else "is another program"
    return error("listeners.ports", f"{address} is in use, and what listens there {cause}", "end it, or change port")


def _readiness(table: Listener) -> Iterator[Finding]:
    """Whether the server that runs there is ready. Nothing if none runs there."""
    answer = running_server.get(table, "/readyz")
    if isinstance(answer, str) or not running_server.is_ours(answer):
        return
    if answer.is_success:
        yield good("listeners.readiness", "the running server is ready")
        return
    found = f"the running server is not ready: {answer.status_code} {escaped(answer.text[:_LONGEST_TEXT])}"
    advice = "look at the part that is not ready, and at the log of the server"
    yield error("listeners.readiness", found, advice)


def check_descriptors(settings: Settings) -> Finding:
    """Whether the running server may have enough open files. If none runs, whether this shell gives it enough."""
    running = _descriptors_of_running_server(settings.internal) if settings.internal else None
    limit, owner = (running, "the running server") if running else (_descriptors_of_shell(), "this shell")
    needed = MOST_CONNECTIONS * (2 if settings.internal else 1) + RESERVED_FILES
    if limit < needed:
        found = f"{owner} allows {limit:,.0f} open files, and the server can need {needed:,}"
        advice = f"start the server after: ulimit -n {needed}; under systemd, set LimitNOFILE={needed} in its unit"
        return warning("listeners.descriptors", found, advice)
    return good("listeners.descriptors", f"{owner} allows enough open files ({needed:,} needed)")


def _descriptors_of_shell() -> float:
    """The hard limit, because a server raises the soft one itself."""
    _, hard = getrlimit(RLIMIT_NOFILE)
    return inf if hard == RLIM_INFINITY else hard


def _descriptors_of_running_server(table: Internal) -> float | None:
    """The smallest limit of its processes, from its metrics. None if no server of ours runs there."""
    headers = {"Authorization": f"Bearer {table.secrets[0].decode()}"} if table.secrets else {}
    answer = running_server.get(table, "/metrics", headers)
    if isinstance(answer, str) or not (answer.is_success and running_server.has_jakarta_time(answer.headers)):
        return None
    try:
        families = list(text_string_to_metric_families(answer.text))
    except ValueError:
        return None
    limits = [each.value for family in families for each in family.samples if each.name == "process_max_fds"]
    return min(limits, default=None)
