"""The addresses of the listeners: free, or in use by this server. And how many connections they may have."""

import errno
from collections.abc import Iterator, Mapping
from math import inf
from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit

import httpx
from prometheus_client.parser import text_string_to_metric_families

from handlers.cli.errors import UsageError
from handlers.cli.local_listener import LocalListener
from handlers.cli.self_check.finding import Finding, error, from_message, good, skipped, warning
from handlers.cli.self_check.snap_answer import has_jakarta_time, is_from_snap_server
from handlers.cli.startup.resources import open_listener
from handlers.config.listener import Listener
from handlers.config.settings import Settings
from handlers.config.tables import Internal
from handlers.escaping import escaped
from handlers.server.process.uvicorn_server import MOST_CONNECTIONS

UNKNOWN_PATH = "/snap-token-self-check"
"""A path that no listener and no proxy knows. The log shows it."""

RESERVED_DESCRIPTORS = 100
"""File descriptors that a server needs beside its connections."""

LARGEST_ANSWER = 8 * 2**20
"""Bytes of an answer that are read."""

_NO_HEADERS: Mapping[str, str] = {}
_TIMEOUT_SECONDS = 2.0
_LONGEST_TEXT = 200


def check_listeners(settings: Settings) -> Iterator[Finding]:
    """Whether each address is free, or the server that listens there is this one, and whether it is ready."""
    yield _of_listener(settings.server, "server", UNKNOWN_PATH)
    if settings.internal:
        yield _of_listener(settings.internal, "internal", "/livez")
        yield from _readiness(settings.internal)


def _of_listener(table: Listener, name: str, path: str) -> Finding:
    address = f"{name}: {table.socket or f'{table.host}:{table.port}'}"
    if not (table.port or table.socket):
        return skipped("listeners.ports", f"{address}: any free port", f"set {name}.port to check it")
    try:
        with open_listener(table, name):
            pass
    except UsageError as mistake:
        return _of_refused_address(table, address, path, mistake)
    return good("listeners.ports", f"{address} is free; no server runs there")


def _of_refused_address(table: Listener, address: str, path: str, mistake: UsageError) -> Finding:
    """Without its rights, for example to a port below 1024, this user does not learn whether the address is in use."""
    answer = _get(table, path)
    if not isinstance(answer, str) and is_from_snap_server(answer):
        return good("listeners.ports", f"{address} is in use by this server")
    if getattr(mistake.__cause__, "errno", None) != errno.EADDRINUSE:
        return from_message("error", "listeners.ports", str(mistake))
    cause = f"gives no answer ({answer})" if isinstance(answer, str) else "is another program"
    return error("listeners.ports", f"{address} is in use, and what listens there {cause}", "end it, or change port")


def _readiness(table: Listener) -> Iterator[Finding]:
    """Whether the server that runs there is ready. Nothing if none runs there."""
    answer = _get(table, "/readyz")
    if isinstance(answer, str) or not is_from_snap_server(answer):
        return
    if answer.is_success:
        yield good("listeners.readiness", "the running server is ready")
        return
    found = f"the running server is not ready: {answer.status_code} {escaped(answer.text[:_LONGEST_TEXT])}"
    advice = "look at the part that is not ready, and at the log of the server"
    yield error("listeners.readiness", found, advice)


def _get(table: Listener, path: str, headers: Mapping[str, str] = _NO_HEADERS) -> httpx.Response | str:
    """The answer, or why there is none."""
    listener = LocalListener(table.address, tls=table.tls is not None)
    transport = httpx.HTTPTransport(uds=listener.socket, verify=listener.verify)
    try:
        with (
            httpx.Client(
                base_url=listener.base_url, trust_env=False, timeout=_TIMEOUT_SECONDS, transport=transport
            ) as client,
            client.stream("GET", path, headers=headers) as answer,
        ):
            return _complete(answer)
    except (httpx.HTTPError, UnicodeError) as cause:
        return escaped(str(cause)) or type(cause).__name__


def _complete(answer: httpx.Response) -> httpx.Response | str:
    """The answer with its body. Any program may listen there, also one that sends without end."""
    body = bytearray()
    for part in answer.iter_raw():
        body += part
        if len(body) > LARGEST_ANSWER:
            return f"its answer has more than {LARGEST_ANSWER:,} bytes"
    kept = {name: value for name, value in answer.headers.items() if name == "x-timestamp"}
    return httpx.Response(answer.status_code, headers=kept, content=bytes(body))


def check_descriptors(settings: Settings) -> Finding:
    """Whether the running server may have enough open files. If none runs, whether this shell gives it enough."""
    running = _descriptors_of_running_server(settings.internal) if settings.internal else None
    limit, owner = (running, "the running server") if running else (_descriptors_of_shell(), "this shell")
    needed = MOST_CONNECTIONS * (2 if settings.internal else 1) + RESERVED_DESCRIPTORS
    if limit < needed:
        found = f"{owner} allows {limit:,.0f} open files, and the server can need {needed:,}"
        advice = f"start the server after: ulimit -n {needed}; under systemd, set LimitNOFILE={needed} in its unit"
        return warning("listeners.descriptors", found, advice)
    return good("listeners.descriptors", f"{owner} allows enough open files ({needed:,} needed)")


def _descriptors_of_shell() -> float:
    soft, _ = getrlimit(RLIMIT_NOFILE)
    return inf if soft == RLIM_INFINITY else soft


def _descriptors_of_running_server(table: Internal) -> float | None:
    """The smallest limit of its processes, from its metrics. None if no server of ours runs there."""
    headers = {"Authorization": f"Bearer {table.secrets[0].decode()}"} if table.secrets else _NO_HEADERS
    answer = _get(table, "/metrics", headers)
    if isinstance(answer, str) or not (answer.is_success and has_jakarta_time(answer.headers)):
        return None
    try:
        families = list(text_string_to_metric_families(answer.text))
    except ValueError:
        return None
    limits = [each.value for family in families for each in family.samples if each.name == "process_max_fds"]
    return min(limits, default=None)
