"""Checks at the start that the server supports everything that a document says about requests.

For this, it compiles the rules of each operation. Connexion compiles them again when it builds its middlewares.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connexion.http_facts import METHODS
from connexion.operations import OpenAPIOperation
from connexion.resolver import Resolver

from handlers.server.openapi.api import Api
from handlers.server.openapi.keywords import require_document, require_operation
from handlers.server.openapi.operation_rules import OperationRules
from handlers.server.openapi.references import resolved
from handlers.server.openapi.unsupported import UnsupportedError, naming

Node = Mapping[str, Any]


def require_supported(document: Node, api: Api) -> None:
    """Check a document before Connexion reads it. Connexion's messages name neither the operation nor the keyword.

    Raises:
        UnsupportedError: Something is not supported. The error has the first such thing.
    """
    require_document(document)
    _require_distinct([re.sub(r"\{[^}]*\}", "{}", path) for path in document["paths"]], "paths")
    operations = list(_operations(document))
    _require_distinct([name for name, *_ in operations], "operationId")
    for name, path, method in operations:
        item = document["paths"][path]
        with naming(name):
            operation, shared = (resolved(each, document) for each in (item[method], item.get("parameters", [])))
            _require_function(operation, api)
            require_operation(method, operation, shared)
            own = {**operation, "parameters": [*operation.get("parameters", ()), *shared]}
            OperationRules.of(_as_connexion_has_it(path, method, own, document), api)


def _operations(document: Node) -> Iterator[tuple[str, str, str]]:
    """Return for each operation the name for messages, the path and the method."""
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            yield item[method].get("operationId", f"{method.upper()} {path}"), path, method


def _require_distinct(names: Sequence[str], keyword: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise UnsupportedError(keyword=name, why=f"{keyword}: comes twice")


def _require_function(operation: Node, api: Api) -> None:
    name = operation.get("operationId")
    if name not in api.functions:
        raise UnsupportedError(keyword="operationId", why="has no function" if name else "is missing")


def _as_connexion_has_it(path: str, method: str, operation: Node, document: Node) -> OpenAPIOperation:
    """Return the operation in Connexion's form, although Connexion has not read the document yet."""
    schemes = resolved(document.get("components", {}).get("securitySchemes", {}), document)
    return OpenAPIOperation(
        method,
        path,
        operation,
        Resolver(_no_function),
        app_security=document.get("security"),
        security_schemes=schemes,
    )


def _no_function(_operation_id: str) -> None:
    """Stand in for the function, which is not needed here."""
