"""The page of the metrics: it lists every metric with its type, its labels and its meaning, and no other."""

import re

import pytest

from handlers.server.observability.metrics.definitions import COMPUTED, RECORDED
from tests.pages import ROOT

ROW = re.compile(r"^\| `(snap_\w+)` \| (\w+) \| (.+?) \| (.+) \|$", re.MULTILINE)


def _rows(language: str) -> list[tuple[str, ...]]:
    return ROW.findall((ROOT / "docs" / language / "metrics.md").read_text(encoding="utf-8"))


def _defined() -> list[tuple[str, str, str, str]]:
    metrics = [(each, each.kind.__name__.lower()) for each in RECORDED if isinstance(each.kind, type)]
    return [
        (each.name, kind, ", ".join(f"`{label}`" for label in each.labels) or "-", each.help_text)
        for each, kind in (*metrics, *((each, "gauge") for each in COMPUTED))
    ]


def test_the_english_page_is_the_code() -> None:
    """Each metric has one row, with the text that Prometheus shows as help."""
    assert _rows("en") == _defined()


def test_the_indonesian_page_has_the_same_metrics() -> None:
    """The same rows, with the meaning in Indonesian."""
    assert [row[:3] for row in _rows("id")] == [row[:3] for row in _defined()]


@pytest.mark.parametrize("metric", [*RECORDED, *COMPUTED], ids=lambda metric: metric.name)
def test_names_follow_the_conventions(metric: object) -> None:
    """The prefix is ours. Counters, and only they, end in `_total`."""
    name, kind = getattr(metric, "name", ""), getattr(getattr(metric, "kind", None), "__name__", "Gauge")
    assert name.startswith("snap_")
    assert name.endswith("_total") == (kind == "Counter")
