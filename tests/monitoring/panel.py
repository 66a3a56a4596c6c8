"""Panels of the dashboard: lines over time, and numbers. Expressions that many panels need."""

from dataclasses import dataclass

from grafana_foundation_sdk.models import units

ON = 'instance=~"$instance"'
"""Selects the instances that the reader has chosen."""
OF = f'{ON}, client=~"$client"'
"""Selects the clients too."""
RATE = "$__rate_interval"
"""Grafana sets it: at least four times the time between two scrapes."""


@dataclass(frozen=True)
class Graph:
    """Lines over time. `queries` has an expression for each legend."""

    title: str
    description: str
    unit: str
    queries: dict[str, str]


@dataclass(frozen=True)
class Light:
    """One number, red from `red_from` on. Without `red_from`, 1 is shown as a green "up", and 0 as a red "down"."""

    title: str
    description: str
    query: str
    unit: str = units.Short
    red_from: float | None = None


def rate(labels: str, metric: str, selector: str = ON) -> str:
    return f"sum by ({labels}) (rate({metric}{{{selector}}}[{RATE}]))"


def quantile(quantile: float, labels: str, histogram: str, selector: str = ON) -> str:
    return f"histogram_quantile({quantile}, {rate(f'{labels}, le', f'{histogram}_bucket', selector)})"


def increase(labels: str, metric: str, selector: str = ON) -> str:
    return f"sum by ({labels}) (increase({metric}{{{selector}}}[{RATE}]))"
