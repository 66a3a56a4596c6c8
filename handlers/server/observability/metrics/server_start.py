"""Since when the server runs, so that Prometheus can count its starts."""

import os
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import Metric, ProcessCollector
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from handlers.server.observability.metrics.definitions import SERVER_START

_START = "process_start_time_seconds"


class ServerStart(Collector):
    """The start of the process that an operator starts.

    The `process_` metrics of workers have the label `pid`. So each start begins another time series, and Prometheus
    sees no change in any of them.
    """

    def __init__(self, folder: Path | None) -> None:
        """`folder` has the values of all workers: then the parent of this process is their supervisor."""
        pid = os.getppid() if folder else os.getpid()
        self._process = ProcessCollector(pid=lambda: pid, registry=None)

    def collect(self) -> Iterator[Metric]:
        """Read the start from /proc. There is no value if the process has ended."""
        family = GaugeMetricFamily(SERVER_START.name, SERVER_START.help_text)
        for metric in self._process.collect():
            if metric.name == _START:
                family.add_metric((), metric.samples[0].value)
        yield family
