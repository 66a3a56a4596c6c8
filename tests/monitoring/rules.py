"""Prometheus' rules, and the metrics in an expression."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml
from promql_parser import AggregateExpr, BinaryExpr, Expr, VectorSelector, parse, walk

from tests.pages import DEPLOY

FOLDER = DEPLOY / "monitoring"
RULES = FOLDER / "alerts.yml"
UNIT_TESTS = (FOLDER / "alerts_test.yml", FOLDER / "alerts_week_test.yml")


@cache
def rules() -> list[dict[str, Any]]:
    """All rules: those with the member `record`, and those with the member `alert`."""
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def recorded() -> set[str]:
    """The names of the recorded series."""
    return {rule["record"] for rule in rules() if "record" in rule}


def selectors(expression: str) -> Iterator[tuple[str, set[str]]]:
    """The name of each series in an expression, and the labels that select it."""
    for node in _nodes(expression):
        if isinstance(node, VectorSelector):
            yield node.name or "", {matcher.name for matcher in node.matchers.matchers}


def grouping_labels(expression: str) -> set[str]:
    """The labels in `by (...)` and `on (...)` of an expression."""
    return {label for node in _nodes(expression) for label in _modifier_labels(node)}


def _modifier_labels(node: Expr) -> list[str]:
    if isinstance(node, AggregateExpr) and node.modifier:
        return node.modifier.labels
    if isinstance(node, BinaryExpr) and node.modifier and node.modifier.matching:
        return node.modifier.matching.labels
    return []


def _nodes(expression: str) -> list[Expr]:
    nodes: list[Expr] = []
    walk(parse(expression), nodes.append)
    return nodes
