"""A metric that exists from its first use on, with its labelled children ready."""

from collections.abc import Callable, Sequence
from functools import cached_property
from threading import Lock
from typing import Any, Generic, TypeVar

from prometheus_client import CollectorRegistry, disable_created_metrics, values
from prometheus_client.metrics import MetricWrapperBase

from handlers.server.observability.metrics.shared_values import SharedValues

disable_created_metrics()  # One more series for each counter, which Prometheus does not need.
values.MmapedDict = SharedValues  # type: ignore[assignment,attr-defined]  # there is no public way

REGISTRY = CollectorRegistry()
"""The metrics of this process. Metrics of libraries in the global registry are not shown."""

Kind = TypeVar("Kind", bound=MetricWrapperBase)

_creating = Lock()


class Metric(Generic[Kind]):
    """One metric. `metric(*label_values)` returns its child with these labels, without a search in the library.

    The first use creates it. So a command that records nothing also writes nothing into the folder of the workers.
    """

    def __init__(
        self,
        kind: Callable[..., Kind],
        name: str,
        help_text: str,
        labels: Sequence[str] = (),
        **options: Any,  # noqa: ANN401  the library's, such as `buckets`
    ) -> None:
        self.kind = kind
        self.name = name
        self.help_text = help_text
        self.labels = labels
        self._options = options
        self._children: dict[tuple[str, ...], Kind] = {}

    def __call__(self, *label_values: str) -> Kind:
        """The child with these label values, in the order of `labels`."""
        try:
            return self._children[label_values]
        except KeyError:
            return self._add_child(label_values)

    def _add_child(self, label_values: tuple[str, ...]) -> Kind:
        with _creating:
            child = self._metric.labels(*label_values) if label_values else self._metric
            return self._children.setdefault(label_values, child)

    @cached_property
    def _metric(self) -> Kind:
        return self.kind(self.name, self.help_text, self.labels, registry=REGISTRY, **self._options)
