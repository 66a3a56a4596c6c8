"""Spans of a real server, exported to a collector that records them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.e2e import merchant_service
from tests.e2e.instances import TABLES, Instance, instances, signed_now
from tests.e2e.merchant_service import Answer, Service
from tests.merchant import write_settings
from tests.nicepay import Nicepay

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACED = {"traceparent": f"00-{TRACE}-{PARENT}-01"}


@pytest.fixture
def collector() -> Iterator[Service]:
    """A collector that accepts everything."""
    with merchant_service.running() as service:
        service.answer = Answer(b"")
        yield service


@contextmanager
def _exporting(settings: Path, collector: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Instance]:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.port}")
    with instances(settings) as (instance,):
        yield instance


def _spans(collector: Service) -> list[Any]:
    """The spans that the collector has received."""
    spans = []
    while not collector.calls.empty():
        call = collector.calls.get()
        assert (call.method, call.target) == ("POST", "/v1/traces")
        request = ExportTraceServiceRequest.FromString(call.body)
        (resource,) = request.resource_spans
        names = {each.key: each.value.string_value for each in resource.resource.attributes}
        assert names["service.name"] == "snap-token-server"
        spans += [span for scope in resource.scope_spans for span in scope.spans]
    return spans


def _attributes(span: Any) -> dict[str, Any]:  # noqa: ANN401  protobuf makes its classes at run time
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_each_request_has_a_span(
    tmp_path: Path, nicepay: Nicepay, stranger: Nicepay, collector: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A span continues the caller's trace, and says what the answer was. A probe and an unknown path name nothing."""
    with _exporting(write_settings(tmp_path, nicepay, extra=TABLES), collector, monkeypatch) as instance:
        with instance.public() as connection:
            assert connection.ask(signed_now(nicepay) | TRACED).status == 200
            assert connection.ask(signed_now(stranger)).status == 401
            assert connection.post("/secret-in-a-path", {}, b"").status == 404
        with instance.internal() as connection:
            connection.request("GET", "/readyz")
            assert connection.getresponse().status == 200
        line = instance.process.err.event("token.issued")
        instance.process.terminate()
        assert instance.process.status() == 0
    issued, refused, unknown = _spans(collector)
    assert (issued.name, refused.name, unknown.name) == (*["POST /api/v1.0/access-token/b2b"] * 2, "HTTP")
    assert (issued.trace_id.hex(), issued.parent_span_id.hex()) == (TRACE, PARENT)
    assert refused.parent_span_id == b""
    assert _attributes(issued) == {
        "http.request.method": "POST",
        "http.route": "/api/v1.0/access-token/b2b",
        "http.response.status_code": 200,
        "snap.request_id": line["request_id"],
        "snap.response_code": "2007300",
    }
    assert _attributes(refused)["snap.reason"] == "signature.mismatch"
    assert "secret" not in str(unknown)


def test_a_collector_that_is_down_hinders_nothing(
    tmp_path: Path, nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens are issued, and the server ends with status 0, without a collector."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    with instances(write_settings(tmp_path, nicepay, extra=TABLES)) as (instance,):
        assert instance.ask(signed_now(nicepay)).status == 200
        instance.process.terminate()
        assert instance.process.status() == 0
        instance.process.err.event("server.stopped")
