"""The metrics and labels that the alerts and the dashboard use exist."""

from collections.abc import Iterator

import pytest

from handlers.server.observability.metrics.definitions import COMPUTED, RECORDED
from tests.monitoring.dashboard import expressions
from tests.monitoring.rules import grouping_labels, recorded, rules, selectors

OURS = {metric.name: {*metric.labels} for metric in (*RECORDED, *COMPUTED)}
FROM_PROMETHEUS = {"job", "instance"}
SERIES_OF_PROMETHEUS = {"up", "scrape_duration_seconds", "ALERTS"}
ADDED_BY_RULES = {"alertname", "alertstate", "window", "kind", "le"}
LABELS = set[str]().union(*OURS.values(), FROM_PROMETHEUS, ADDED_BY_RULES)
USED = sorted({*expressions(), *(rule["expr"] for rule in rules())})


def _metric(series: str) -> str:
    """The metric of a series: those of a histogram end with `_bucket` and `_count`."""
    return series.removesuffix("_bucket").removesuffix("_count")


def _limit(series: str) -> set[str]:
    """The label that a histogram adds to its buckets."""
    return {"le"} if series.endswith("_bucket") else set()


def _unknown(expression: str) -> Iterator[str]:
    for series, labels in selectors(expression):
        if series in SERIES_OF_PROMETHEUS | recorded() or series.startswith("process_"):
            yield from labels - LABELS
        elif _metric(series) in OURS:
            yield from labels - OURS[_metric(series)] - FROM_PROMETHEUS - _limit(series)
        else:
            yield series


@pytest.mark.parametrize("expression", USED)
def test_each_series_and_label_exists(expression: str) -> None:
    """The server, Prometheus or a rule makes each series of an expression, with the labels that select it."""
    assert [*_unknown(expression)] == []
    assert grouping_labels(expression) <= LABELS


def test_every_metric_is_watched() -> None:
    """The dashboard or an alert uses every metric of the server."""
    watched = {_metric(series) for expression in USED for series, _ in selectors(expression)}
    assert OURS.keys() - watched == set()
