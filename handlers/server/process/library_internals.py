"""Names of libraries that this server uses and that are not public.

A release of uvicorn may rename them without notice. So the start looks for each of them: without one, the server would
fail in the middle of a request, or lose a protection.
"""

from collections.abc import Mapping
from importlib.metadata import requires, version

import uvicorn
from connexion.middleware.main import ConnexionMiddleware
from connexion.middleware.routing import RoutingAPI
from cryptography.fernet import MultiFernet
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

PROTOCOL = frozenset(
    {
        "_start_asgi_task",
        "_unset_keepalive_if_required",
        "client",
        "connection_lost",
        "connection_made",
        "cycle",
        "data_received",
        "eof_received",
        "expect_100_continue",
        "flow",
        "headers",
        "loop",
        "on_body",
        "on_header",
        "on_headers_complete",
        "on_message_begin",
        "on_message_complete",
        "on_response_complete",
        "parser",
        "scope",
        "shutdown",
        "transport",
        "url",
    }
)
CYCLE = frozenset(
    {
        "disconnected",
        "keep_alive",
        "message_event",
        "response_complete",
        "response_started",
        "waiting_for_100_continue",
    }
)
FLOW = frozenset({"pause_reading", "resume_reading", "write_paused"})
SERVER = frozenset(
    {"capture_signals", "config", "force_exit", "lifespan", "server_state", "should_exit", "shutdown", "startup"}
)
STACK = frozenset({"_build_middleware_stack"})
ROUTES = frozenset({"_add_operation_internal", "_framework_path_and_name"})
NEEDED: Mapping[str, Mapping[type, frozenset[str]]] = {
    "uvicorn": {HttpToolsProtocol: PROTOCOL, RequestResponseCycle: CYCLE, FlowControl: FLOW, uvicorn.Server: SERVER},
    "connexion": {ConnexionMiddleware: STACK, RoutingAPI: ROUTES},
    "cryptography": {MultiFernet: frozenset({"extract_timestamp"})},
}
"""Methods and attributes, by distribution and class."""


def missing_internals(needed: Mapping[str, Mapping[type, frozenset[str]]] = NEEDED) -> list[str]:
    """One line for each library that lacks a name: what it lacks, and which releases to install."""
    lacking = {library: _lacking(classes) for library, classes in needed.items()}
    return [
        f"{library} {version(library)} has no {', '.join(names)}, which this server needs; install {_wanted(library)}"
        for library, names in lacking.items()
        if names
    ]


def names_of(each: type) -> frozenset[str]:
    """The methods of a class, and the attributes that they read or set."""
    codes = (getattr(member, "__code__", None) for member in vars(each).values())
    return frozenset(dir(each)).union(*(code.co_names for code in codes if code))


def _lacking(classes: Mapping[type, frozenset[str]]) -> list[str]:
    return [f"{each.__name__}.{name}" for each, names in classes.items() for name in sorted(names - names_of(each))]


def _wanted(library: str) -> str:
    """The releases that this distribution allows, as pip takes them."""
    return next(f"'{each}'" for each in requires("snap-token-server") or () if each.startswith(library))
