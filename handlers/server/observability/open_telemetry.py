"""Spans of OpenTelemetry, which a thread exports by OTLP over HTTP. This module needs the extra `otel`.

The variables `OTEL_*` of the OpenTelemetry specification configure the export: endpoint, headers, sampling, limits.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from handlers import __version__
from handlers.server.http.request_headers import AsgiHeaders, RequestHeaders
from handlers.server.observability.trace_context import trace_fields

SERVICE = "snap-token-server"
LAST_SPANS_SECONDS = 0.5
"""Time limit for the export of the last spans at the end. It is within `exit_deadline.LAST_THREADS_SECONDS`."""

_TRACESTATE = b"tracestate"
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PROTOCOL = "http/protobuf"
_SERVER_ERROR = 500


class Spans:
    """Creates the spans of requests."""

    def __init__(self, exporter: SpanExporter | None = None) -> None:
        """The default exporter sends OTLP over HTTP.

        Raises:
            ValueError: a variable is invalid.
        """
        _require_protocol(os.environ)
        named = Resource({SERVICE_NAME: SERVICE, SERVICE_VERSION: __version__})
        resource = named.merge(OTELResourceDetector().detect())  # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(SERVICE, __version__)
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def request(self, name: str, headers: AsgiHeaders) -> Iterator[dict[str, str | int]]:
        """A span that lasts as long as the block. It continues the trace of the headers, if they have a valid one.

        The block puts its attributes into the dictionary. Their names are those of OpenTelemetry's semantic
        conventions, or begin with `snap.`.
        """
        attributes: dict[str, str | int] = {}
        context = self._propagator.extract(_carrier(headers))
        with self._tracer.start_as_current_span(name, context, SpanKind.SERVER) as span:
            yield attributes
            span.set_attributes(attributes)
            if int(attributes.get("http.response.status_code", 0)) >= _SERVER_ERROR:
                span.set_status(StatusCode.ERROR)

    def shut_down(self) -> None:
        """Export the last spans, for at most `LAST_SPANS_SECONDS`."""
        thread = Thread(target=self._provider.shutdown, name="spans", daemon=True)
        thread.start()
        thread.join(LAST_SPANS_SECONDS)


def _require_protocol(variables: Mapping[str, str]) -> None:
    """Refuse another protocol, because a collector for it would get no span."""
    name = next((each for each in _PROTOCOLS if variables.get(each)), None)
    if name and variables[name] != _PROTOCOL:
        message = f"{name} must be {_PROTOCOL}"
        raise ValueError(message)


def _without_values(record: logging.LogRecord) -> bool:
    """Hide the headers in a warning about malformed OTEL_EXPORTER_OTLP_HEADERS, because they can have a secret."""
    record.args = tuple("***" for _ in record.args or ())
    return True


logging.getLogger("opentelemetry.util.re").addFilter(_without_values)


def _carrier(headers: AsgiHeaders) -> Mapping[str, str]:
    """The headers of a valid trace. Several lines of tracestate are one list (Trace Context, section 3.3.1)."""
    single = RequestHeaders.of(headers)
    if not trace_fields(single):
        return {}
    states = (value.decode("latin-1") for name, value in headers if name == _TRACESTATE)
    return {"traceparent": single.single("traceparent"), "tracestate": ",".join(states)}
