"""Histograms with negative buckets. Their values can be negative, so their sum can fall, and is no counter.

So OpenMetrics forbids the sum, and the count without a sum (OpenMetrics 1.0, sections "Histogram"). The library leaves
the sum out for one process, but not for several, and it always writes the count.
"""

from collections.abc import Iterable, Iterator

from prometheus_client import Metric
from prometheus_client.registry import Collector


class OpenMetricsView(Collector):
    """The metrics of another collector, without what OpenMetrics forbids."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def collect(self) -> Iterator[Metric]:
        """Collect the metrics."""
        return without(("_sum", "_count"), self._collector.collect())


def without(suffixes: tuple[str, ...], families: Iterable[Metric]) -> Iterator[Metric]:
    """The metrics. A histogram with negative buckets has no samples whose names end with one of these suffixes."""
    for family in families:
        if any(sample.labels.get("le", "").startswith("-") for sample in family.samples):
            family.samples = [sample for sample in family.samples if not sample.name.endswith(suffixes)]
        yield family
