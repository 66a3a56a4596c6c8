"""Names of libraries that this server uses, although they are not public.

A new release can rename them without notice. So the server checks at start that each name exists. Without this check,
it could fail during a request or lose a protection.
"""

from collections.abc import Mapping
from importlib.metadata import requires, version

import uvicorn
from connexion.middleware.main import ConnexionMiddleware
from connexion.middleware.routing import RoutingAPI
from cryptography.fernet import MultiFernet
from prometheus_client import Histogram
from prometheus_client.mmap_dict import MmapedDict
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
        "scheme",
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
REQUIRED: Mapping[str, Mapping[type, frozenset[str]]] = {
    "uvicorn": {HttpToolsProtocol: PROTOCOL, RequestResponseCycle: CYCLE, FlowControl: FLOW, uvicorn.Server: SERVER},
    "connexion": {ConnexionMiddleware: STACK, RoutingAPI: ROUTES},
    "prometheus-client": {
        Histogram: frozenset({"_buckets", "_sum", "_upper_bounds"}),
        MmapedDict: frozenset(
            {"_f", "_init_value", "_used", "close", "read_all_values_from_file", "read_value", "write_value"}
        ),
    },
    "cryptography": {MultiFernet: frozenset({"extract_timestamp"})},
}
"""Names of methods and attributes, by distribution and class."""


def missing_internals(required: Mapping[str, Mapping[type, frozenset[str]]] = REQUIRED) -> list[str]:
    """One line for each library that lacks a name: the missing names, and the releases to install."""
    missing = {library: _missing(classes) for library, classes in required.items()}
    return [
        f"{library} {version(library)} has no {', '.join(names)}, "
        f"which this server needs; install {_requirement(library)}"
        for library, names in missing.items()
        if names
    ]


def names_of(cls: type) -> frozenset[str]:
    """The names of the methods of a class, and of the attributes that the methods use."""
    codes = (getattr(member, "__code__", None) for member in vars(cls).values())
    return frozenset(dir(cls)).union(*(code.co_names for code in codes if code))


def _missing(classes: Mapping[type, frozenset[str]]) -> list[str]:
    return [f"{cls.__name__}.{name}" for cls, names in classes.items() for name in sorted(names - names_of(cls))]


def _requirement(library: str) -> str:
    """The requirement of this distribution on the library, in the notation of pip."""
    return next(f"'{each}'" for each in requires("snap-token-server") or () if each.startswith(library))
