"""The format of the metrics page, and the metrics that exist from the start."""

import pytest

from handlers.server.observability.metrics.exposition import OPENMETRICS, TEXT, negotiated, start_at_zero
from tests.metrics import series, values


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/*", TEXT),
        ("text/plain", TEXT),
        ("application/json", TEXT),
        ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", TEXT),
        ("application/openmetrics-text", OPENMETRICS),
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", OPENMETRICS),
        ("APPLICATION/OpenMetrics-Text", OPENMETRICS),
        ("application/openmetrics-text;q=0.1,text/plain;q=0.9", TEXT),
        ("application/openmetrics-text;q=0", TEXT),
        ("application/openmetrics-text;version=9.9.9", TEXT),
        ("application/openmetrics-text;version=nonsense", TEXT),
        (";;;,,,=", TEXT),
        (  # Prometheus 2.42
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
            ),
            OPENMETRICS,
        ),
        (  # Prometheus 3
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
                "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
                "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
            ),
            OPENMETRICS,
        ),
    ],
)
def test_the_caller_chooses_the_format(accept: str, media_type: str) -> None:
    """The format that Accept prefers, and the text format if it prefers none of ours."""
    assert negotiated(accept) == media_type


def test_counters_without_events_are_zero() -> None:
    """An alert about the first error works only if Prometheus has seen the zero before."""
    start_at_zero()
    now = values()
    for name, labels in {
        "snap_log_lines_lost_total": {},
        "snap_settings_reloads_total": {"outcome": "refused"},
        "snap_state_errors_total": {"operation": "first_seen"},
    }.items():
        assert series(name, **labels) in now
