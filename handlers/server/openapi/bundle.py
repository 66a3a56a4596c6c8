"""A document without references, for tools that cannot follow `$ref`."""

from collections.abc import Mapping
from typing import Any

from handlers.server.openapi.references import resolved


def bundled(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with the target of each `$ref` in its place.

    Of the components only `securitySchemes` stays, because operations name its members without `$ref` (OpenAPI 3.0.3,
    Security Requirement Object).

    Raises:
        UnsupportedError: A reference cannot be resolved.
    """
    schemes = document.get("components", {}).get("securitySchemes")
    without_components = {name: part for name, part in document.items() if name != "components"}
    components = {"components": {"securitySchemes": schemes}} if schemes else {}
    result: dict[str, Any] = resolved({**without_components, **components}, document)
    return result
