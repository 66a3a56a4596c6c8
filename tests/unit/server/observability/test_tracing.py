"""Whether the server exports spans."""

import sys

import pytest
from structlog.testing import capture_logs

from handlers.server.observability.open_telemetry import Spans
from handlers.server.observability.tracing import ENDPOINTS, exporting

COLLECTOR = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    "variables",
    [
        {},
        dict.fromkeys(ENDPOINTS, ""),
        *({name: COLLECTOR, "OTEL_SDK_DISABLED": "True"} for name in ENDPOINTS),
        *({name: COLLECTOR, "OTEL_TRACES_EXPORTER": "none"} for name in ENDPOINTS),
    ],
)
def test_without_an_endpoint_nothing_is_exported(variables: dict[str, str]) -> None:
    """Spans are off by default, and the variables of the specification turn them off again."""
    with capture_logs() as log, exporting(variables) as spans:
        assert spans is None
    assert not log


@pytest.mark.parametrize("name", ENDPOINTS)
def test_an_endpoint_turns_spans_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the block spans are exported. At its end the last ones are."""
    ended: list[Spans] = []

    def end(spans: Spans) -> None:
        ended.append(spans)

    monkeypatch.setattr(Spans, "shut_down", end)
    with exporting({name: COLLECTOR}) as spans:
        assert isinstance(spans, Spans)
        assert not ended
    assert ended == [spans]


def test_a_missing_extra_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a variable names an endpoint, but the extra is not installed, one line says what to install."""
    monkeypatch.delitem(sys.modules, "handlers.server.observability.open_telemetry")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with capture_logs() as log, exporting({ENDPOINTS[1]: COLLECTOR}) as spans:
        assert spans is None
    (line,) = log
    assert (line["event"], line["log_level"], line["variable"]) == ("tracing.unavailable", "warning", ENDPOINTS[1])
    assert "opentelemetry.sdk.trace" in line["cause"]
    assert line["advice"] == "install snap-token-server[otel], or unset the variable"


def test_an_invalid_variable_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """An invalid variable of OpenTelemetry turns spans off, and does not stop the start."""
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "0")
    with capture_logs() as log, exporting({ENDPOINTS[1]: COLLECTOR}) as spans:
        assert spans is None
    (line,) = log
    assert line["event"] == "tracing.unavailable"
    assert "max_queue_size" in line["cause"]
    assert line["advice"] == "correct the variables that begin with OTEL_"
