"""Resolves the references of a document (`$ref`)."""

from collections.abc import Mapping
from typing import Any

from handlers.server.openapi.unsupported import UnsupportedError

_LOCAL = "#/"


def resolved(node: Any, document: Mapping[str, Any]) -> Any:  # noqa: ANN401  YAML
    """Return a part of a document with all references replaced by their targets.

    Raises:
        UnsupportedError: A reference leads out of the document, to nothing or to itself, is not a text, or has other
            keywords beside it, which OpenAPI 3.0 ignores. Or a YAML alias is inside the part that it stands for.
    """
    try:
        return _resolved(node, document, ())
    except RecursionError:
        raise UnsupportedError(keyword="YAML alias", why="leads to itself") from None


def _resolved(node: Any, document: Mapping[str, Any], within: tuple[str, ...]) -> Any:  # noqa: ANN401  YAML
    if isinstance(node, list):
        return [_resolved(each, document, within) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _resolved(_target(node, document, within), document, (*within, node["$ref"]))
    return {name: _resolved(each, document, within) for name, each in node.items()}


def _target(node: Mapping[str, Any], document: Mapping[str, Any], within: tuple[str, ...]) -> Any:  # noqa: ANN401  YAML
    reference = node["$ref"]
    if not isinstance(reference, str):
        raise UnsupportedError(keyword="$ref", why="must be a text")
    if len(node) > 1:
        raise UnsupportedError(keyword="$ref", why=f"{reference} has other keywords beside it")
    if reference in within:
        raise UnsupportedError(keyword="$ref", why=f"{reference} leads to itself")
    if not reference.startswith(_LOCAL):
        raise UnsupportedError(keyword="$ref", why=f"{reference} leads out of the document")
    target: Any = document
    for name in reference.removeprefix(_LOCAL).split("/"):
        target = target.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(target, dict) else None
    if target is None:
        raise UnsupportedError(keyword="$ref", why=f"{reference} leads to nothing")
    return target
