"""The differences between two documents.

The names of components, all prose, and the examples may change. Only the codes and messages in the examples of answers
may not.
"""

from collections.abc import Iterator
from typing import Any

from handlers.server.openapi.bundle import bundled
from tests.contract.change import Change, Direction, Node, addition, breaking, other_keywords, replaced, text
from tests.contract.messages import body_changes, content_changes, header_changes, parameter_changes, parameters

_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_LABELS = {"tags", "externalDocs", "description", "summary"}
_DOCUMENT = frozenset({*_LABELS, "info", "servers", "paths", "components", "security"})
_ITEM = frozenset({*_LABELS, *_METHODS, "parameters"})
_OPERATION = frozenset({*_LABELS, "deprecated", "parameters", "requestBody", "responses", "security"})
_RESPONSE = frozenset({*_LABELS, "headers", "content"})


def changes(old: Node, new: Node) -> list[Change]:
    """All changes from one document to another.

    Raises:
        UnsupportedError: A reference in a document cannot be resolved.
    """
    return list(_document_changes(bundled(old), bundled(new)))


def _document_changes(old: Node, new: Node) -> Iterator[Change]:
    yield from other_keywords(old, new, _DOCUMENT, "document")
    yield from _server_changes(old, new)
    for path in sorted(old["paths"].keys() | new["paths"].keys()):
        items = old["paths"].get(path, {}), new["paths"].get(path, {})
        if all(items):
            yield from other_keywords(*items, _ITEM, path)
        for method in sorted(_METHODS & (items[0].keys() | items[1].keys())):
            where = f"{method.upper()} {path}"
            if method not in items[1]:
                yield breaking(where, "the operation is removed")
            elif method not in items[0]:
                yield addition(where, "the operation is new")
            else:
                yield from _operation_changes(
                    (old, items[0], items[0][method]), (new, items[1], items[1][method]), where
                )


def _operation_changes(before: tuple[Node, Node, Node], after: tuple[Node, Node, Node], where: str) -> Iterator[Change]:
    """Compare two operations. Each comes with its document and its path item."""
    old, new = before[-1], after[-1]
    yield from other_keywords(old, new, _OPERATION, where)
    if old.get("deprecated", False) != new.get("deprecated", False):
        yield addition(where, replaced("deprecated", old.get("deprecated", False), new.get("deprecated", False)))
    yield from _security_changes(_security(before[0], old), _security(after[0], new), where)
    yield from parameter_changes(parameters(*before[1:]), parameters(*after[1:]), where)
    yield from body_changes(old.get("requestBody"), new.get("requestBody"), where)
    yield from _response_changes(old["responses"], new["responses"], where)


def _response_changes(old: Node, new: Node, where: str) -> Iterator[Change]:
    """A new refusal is an addition. A new success is breaking, because clients know only the old one."""
    for status in sorted(old.keys() | new.keys()):
        place = f"{where}, answer {status}"
        if status not in new:
            yield breaking(place, "the answer is removed")
        elif status in old:
            before, after = old[status], new[status]
            yield from header_changes(before.get("headers", {}), after.get("headers", {}), place)
            yield from content_changes(before.get("content", {}), after.get("content", {}), place, Direction.RESPONSE)
            yield from other_keywords(before, after, _RESPONSE, place)
        else:
            is_refusal = status == "default" or status[0] in "45"
            yield Change(place, "the answer is new", is_breaking=not is_refusal)


def _server_changes(old: Node, new: Node) -> Iterator[Change]:
    before, after = ({each["url"]: _without_prose(each) for each in one.get("servers", ())} for one in (old, new))
    for url in sorted(before.keys() | after.keys()):
        if url not in after:
            yield breaking("servers", f"{url} is removed")
        elif url not in before:
            yield addition("servers", f"{url} is new")
        else:
            yield from other_keywords(before[url], after[url], frozenset(), f"server {url}")


def _security(document: Node, operation: Node) -> dict[str, str]:
    """The alternatives that an operation accepts: their definitions, with their names. No security is `{}`."""
    schemes = document.get("components", {}).get("securitySchemes", {})
    alternatives = operation.get("security", document.get("security", ())) or [{}]
    return {
        text(sorted(text([_without_prose(schemes[name]), scopes]) for name, scopes in each.items())): " and ".join(each)
        for each in alternatives
    }


def _security_changes(old: dict[str, str], new: dict[str, str], where: str) -> Iterator[Change]:
    for alternative in sorted(old.keys() - new.keys()):
        yield breaking(where, f"security: {old[alternative] or 'no credential'} is not enough any more")
    for alternative in sorted(new.keys() - old.keys()):
        yield addition(where, f"security: {new[alternative] or 'no credential'} is enough too")


def _without_prose(node: Any) -> Any:  # noqa: ANN401  YAML
    """A part of a document without its descriptions."""
    if isinstance(node, dict):
        return {key: _without_prose(value) for key, value in node.items() if key != "description"}
    return node
