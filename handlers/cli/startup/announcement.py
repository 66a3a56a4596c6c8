"""Says where the server listens, in the log and, for a sandbox, on standard output."""

import sys
from collections.abc import Mapping
from socket import socket

import structlog

from handlers.cli.simulator.signed_request import SignedRequest
from handlers.cli.simulator.signing_key import read_signing_key
from handlers.cli.startup.resources import origin_of, public_origin, settings_summary
from handlers.config.settings import Settings
from handlers.server.openapi.documents import TOKEN_PATH
from handlers.server.openapi.internal_api import AUTHORIZE
from handlers.server.process import assembly

_log = structlog.get_logger()


def announce(settings: Settings, listeners: Mapping[str, socket]) -> None:
    """Log the addresses, and print a request to a sandbox."""
    origin = public_origin(settings, listeners)
    endpoint = f"{origin}{settings.server.base_path}{TOKEN_PATH}"
    if settings.sandbox.enabled:
        sys.stdout.write(_greeting(settings, origin, endpoint))
        sys.stdout.flush()
    _log.info("server.listening", endpoint=endpoint, **settings_summary(settings))
    if settings.internal:
        internal = origin_of(settings.internal, listeners["internal"])
        _log.info("internal.listening", endpoint=f"{internal}{AUTHORIZE}")


def _greeting(settings: Settings, origin: str, endpoint: str) -> str:
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
