"""Spans of OpenTelemetry."""

from contextlib import nullcontext
from threading import Event

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from handlers.server.observability import open_telemetry
from handlers.server.observability.open_telemetry import Spans

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = (b"traceparent", f"00-{TRACE}-{PARENT}-01".encode())


def _span(*headers: tuple[bytes, bytes], status: int = 200) -> ReadableSpan:
    exporter = InMemorySpanExporter()
    spans = Spans(exporter)
    with spans.request("POST /a", headers) as attributes:
        attributes["http.response.status_code"] = status
    spans.shut_down()
    (span,) = exporter.get_finished_spans()
    return span


def test_a_span_continues_the_trace_of_the_caller() -> None:
    """The span has the caller's trace, span and tracestate, and says which service made it."""
    span = _span(TRACEPARENT, (b"tracestate", b"a=b"))
    assert span.parent
    assert (f"{span.parent.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, PARENT)
    assert span.context
    assert span.context.trace_state == {"a": "b"}
    assert span.resource.attributes["service.name"] == "snap-token-server"


def test_lines_of_tracestate_are_one_list() -> None:
    """A proxy may add a line of its own. The order of the lines is the order of the list."""
    span = _span(TRACEPARENT, (b"tracestate", b"a=b"), (b"host", b"c"), (b"tracestate", b"c=d, e=f"))
    assert span.context
    assert list(span.context.trace_state.items()) == [("a", "b"), ("c", "d"), ("e", "f")]


@pytest.mark.parametrize("headers", [(), (TRACEPARENT, TRACEPARENT), ((b"traceparent", b"00-a"),)])
def test_without_a_valid_trace_a_span_begins_one(headers: tuple[tuple[bytes, bytes], ...]) -> None:
    """If traceparent is absent, repeated or malformed, the span has no parent."""
    assert _span(*headers).parent is None


@pytest.mark.parametrize(("status", "expected"), [(200, True), (401, True), (499, True), (500, False), (503, False)])
def test_only_a_failure_of_the_server_is_an_error(status: int, *, expected: bool) -> None:
    """A refusal is no error of this server."""
    span = _span(status=status)
    assert span.status.is_ok == expected
    assert span.attributes == {"http.response.status_code": status}


def test_a_service_may_have_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard variables replace the name of the service."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "payments")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
    attributes = _span().resource.attributes
    assert (attributes["service.name"], attributes["deployment.environment"]) == ("payments", "test")


class _Hanging(InMemorySpanExporter):
    """An exporter whose collector does not answer before the test allows it."""

    may_answer = Event()

    def export(self, _spans: object) -> SpanExportResult:
        self.may_answer.wait()
        return SpanExportResult.SUCCESS


def test_a_hanging_collector_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last spans are given up after a time limit."""
    monkeypatch.setattr(open_telemetry, "LAST_SPANS_SECONDS", 0.01)
    exporter = _Hanging()
    spans = Spans(exporter)
    with spans.request("POST /a", []):
        pass
    spans.shut_down()
    exporter.may_answer.set()


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"])
def test_malformed_headers_are_not_logged(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The headers of the exporter often have a secret. The warning about them does not repeat it."""
    monkeypatch.setenv(name, "authorization: Bearer a-secret")
    Spans().shut_down()
    assert "Header format invalid" in caplog.text
    assert "a-secret" not in caplog.text


@pytest.mark.parametrize(
    ("variables", "refused"),
    [
        ({}, None),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, None),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL"),
        (
            {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        ),
    ],
)
def test_another_protocol_is_refused(
    variables: dict[str, str], refused: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spans are sent by OTLP over HTTP only, and a variable that asks for another protocol is a mistake."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=f"^{refused} must be http/protobuf$") if refused else nullcontext():
        Spans(InMemorySpanExporter()).shut_down()
