"""The values of metrics in this process, and how much a test raises them."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client.parser import text_string_to_metric_families

from handlers.server.observability.metrics import pending
from handlers.server.observability.metrics.metric import REGISTRY

Series = tuple[str, frozenset[tuple[str, str]]]
"""The name of a sample and its labels."""


def series(name: str, **labels: str) -> Series:
    return name, frozenset(labels.items())


def values() -> dict[Series, float]:
    """All values of this process."""
    pending.flush()
    return {
        series(sample.name, **sample.labels): sample.value for family in REGISTRY.collect() for sample in family.samples
    }


def parsed(page: str) -> dict[Series, float]:
    """All values of a page in Prometheus' text format."""
    families = text_string_to_metric_families(page)
    return {series(sample.name, **sample.labels): sample.value for family in families for sample in family.samples}


@contextmanager
def increases() -> Iterator[dict[Series, float]]:
    """Fill a dictionary with the values that rose in the block, and how much. Buckets of histograms are left out."""
    before, risen = values(), dict[Series, float]()
    yield risen
    changes = {name: value - before.get(name, 0.0) for name, value in values().items()}
    risen.update({name: change for name, change in changes.items() if change and not name[0].endswith("_bucket")})
