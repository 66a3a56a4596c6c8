"""The page that Prometheus reads, in the format that it asks for."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import get_args

from prometheus_client import CollectorRegistry, Gauge, Metric, ProcessCollector, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from handlers.server.observability.metrics.definitions import (
    AUDIT_LINES,
    AUDIT_LINES_LOST,
    RECORDED,
    SETTINGS_RELOADS,
    STATE_ERRORS,
    WORKER_STARTS,
    StartCause,
)
from handlers.server.observability.metrics.metric import REGISTRY
from handlers.server.observability.metrics.negative_buckets import OpenMetricsView, without
from handlers.server.observability.metrics.samples import Samples
from handlers.server.observability.metrics.server_start import ServerStart
from handlers.server.observability.metrics.workers import WorkerMetrics

TEXT = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus' text format, which every scraper reads."""

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

# Prometheus 3 asks for a way to escape names. All of our names are plain.
_ESCAPINGS = ("", ";escaping=allow-utf-8", ";escaping=underscores", ";escaping=values", ";escaping=dots")
_OFFERS = {
    **{f"text/plain{rest}": TEXT for rest in ("", ";version=0.0.4", ";charset=utf-8", ";version=0.0.4;charset=utf-8")},
    **{
        f"application/openmetrics-text{version}{charset}{escaping}": OPENMETRICS
        for version, charset, escaping in product(("", ";version=1.0.0"), ("", ";charset=utf-8"), _ESCAPINGS)
    },
}
_ENCODERS: Mapping[str, Callable[[CollectorRegistry], bytes]] = {
    TEXT: generate_latest,
    OPENMETRICS: lambda registry: generate_openmetrics(OpenMetricsView(registry)),
}

_AUDIT = (AUDIT_LINES, AUDIT_LINES_LOST)
STATE_OPERATIONS = ("first_seen", "revoke", "revocations")


class Exposition(CollectorRegistry):
    """All metrics of this server: those of this process or of all workers, and those that are computed now."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` has the values of all workers. None if there is one process."""
        super().__init__()
        self.samples = Samples()
        self.register(WorkerMetrics(folder) if folder else _OwnMetrics())
        self.register(ServerStart(folder))

    def collect(self) -> Iterator[Metric]:
        """Collect all metrics."""
        return without(("_sum",), super().collect())

    async def render(self, accept: str = "") -> tuple[bytes, Mapping[str, str]]:
        """Return the page and its headers, for the value of Accept (RFC 9110, section 12.5.1).

        A thread makes the page, because that takes some milliseconds and can read files.
        """
        self.samples.take()
        media_type = negotiated(accept)
        page = await asyncio.to_thread(_ENCODERS[media_type], self)
        return page, {"Content-Type": media_type, "Vary": "Accept"}


class _OwnMetrics(Collector):
    def collect(self) -> Iterator[Metric]:
        yield from REGISTRY.collect()
        yield from ProcessCollector(registry=None).collect()


def negotiated(accept: str) -> str:
    """The media type of the answer. It is `TEXT` if the caller prefers nothing that we have."""
    best = parse_accept_header(accept, MIMEAccept).best_match(_OFFERS)
    return _OFFERS[best] if best else TEXT


def start_at_zero() -> None:
    """Create the counters and histograms whose labels are known.

    Prometheus sees an increase only if it has seen the zero before. A gauge is created with its first value.
    """
    for metric in RECORDED:
        if not metric.labels and metric not in _AUDIT and metric.kind is not Gauge:
            metric()
    for outcome in ("accepted", "refused"):
        SETTINGS_RELOADS(outcome)
    for cause in get_args(StartCause):
        WORKER_STARTS(cause)
    for operation in STATE_OPERATIONS:
        STATE_ERRORS(operation)
