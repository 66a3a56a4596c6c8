"""Reads an OpenAPI document strictly, so that nothing in it is ignored."""

from typing import Any

import yaml
from connexion.spec import Specification

from handlers.server.openapi.api import Api
from handlers.server.openapi.document_check import require_supported
from handlers.server.openapi.unsupported import UnsupportedError
from handlers.server.openapi.yaml_loader import SafeLoader


class _Loader(SafeLoader):
    """Reads YAML. A mapping with a duplicate key is refused, because YAML readers ignore the first one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002  YAML's
        """Read one mapping. Raise UnsupportedError if a key comes twice."""
        names = [str(key.value) for key, _ in node.value]
        for name in names:
            if names.count(name) > 1:
                where = f"in the mapping at line {node.start_mark.line + 1}"
                raise UnsupportedError(keyword=name, why=f"comes twice {where}")
        return super().construct_mapping(node, deep)


def load(api: Api) -> dict[str, Any]:
    """Read the document of an API, and check that the server supports it. The paths in the result have the base path.

    The file is read as YAML here, because Connexion would run a template engine on it. Concrete paths are sorted before
    templates, because they match first (OpenAPI 3.0.3, Path Templating Matching). Extensions beside the paths (`x-`)
    are dropped.

    Raises:
        UnsupportedError: Something in the document is not supported.
    """
    document: dict[str, Any] = yaml.load(api.document.read_text(encoding="utf-8"), _Loader)  # noqa: S506  a SafeLoader
    try:
        document["paths"] = {path: item for path, item in document["paths"].items() if not path.startswith("x-")}
        require_supported(document, api)
    except (AttributeError, KeyError, TypeError):
        Specification.from_dict(document)  # If the document is not valid OpenAPI, this raises an error that says why.
        raise
    paths = sorted(document["paths"].items(), key=lambda item: ["{" in segment for segment in item[0].split("/")])
    return {**document, "paths": {api.base_path + path: item for path, item in paths}}
