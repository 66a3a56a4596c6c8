"""Whether the server exports spans: only if a variable names an endpoint, and if the extra `otel` is installed."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from handlers.server.observability.open_telemetry import Spans

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""The variables of the OpenTelemetry specification that name where spans are sent."""

_INSTALL = "install snap-token-server[otel], or unset the variable"
_CORRECT = "correct the variables that begin with OTEL_"

_log = structlog.get_logger()


@contextmanager
def exporting(variables: Mapping[str, str] = os.environ) -> Iterator["Spans | None"]:
    """In the block, spans are exported. None if no variable names an endpoint.

    The log has a warning if a variable does, but the extra is not installed or another variable is invalid.
    """
    variable = _endpoint_variable(variables)
    spans = _spans(variable) if variable else None
    try:
        yield spans
    finally:
        if spans:
            spans.shut_down()


def _endpoint_variable(variables: Mapping[str, str]) -> str | None:
    """The variable that names the endpoint. None if there is none, or if another variable turns the export off."""
    if variables.get("OTEL_SDK_DISABLED", "").lower() == "true" or variables.get("OTEL_TRACES_EXPORTER") == "none":
        return None
    return next((name for name in ENDPOINTS if variables.get(name)), None)


def _spans(variable: str) -> "Spans | None":
    try:
        spans: Spans = import_module("handlers.server.observability.open_telemetry").Spans()
    except ModuleNotFoundError as error:
        _log.warning("tracing.unavailable", variable=variable, cause=str(error), advice=_INSTALL)
    except ValueError as error:
        _log.warning("tracing.unavailable", variable=variable, cause=str(error), advice=_CORRECT)
    else:
        return spans
    return None
