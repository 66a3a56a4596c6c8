"""How an OpenAPI document is read: strictly, so that nothing in it is ignored."""

from typing import Any

import yaml
from connexion.spec import Specification

from handlers.server.openapi.api import Api
from handlers.server.openapi.document_check import require_supported
from handlers.server.openapi.unsupported import UnsupportedError


class _Loader(yaml.SafeLoader):
    """Reads YAML in which no key of a mapping comes twice: the first of them would be ignored."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002  YAML's
        """Read one mapping; UnsupportedError, if a key comes twice."""
        names = [str(key.value) for key, _ in node.value]
        for name in names:
            if names.count(name) > 1:
                where = f"in the mapping at line {node.start_mark.line + 1}"
                raise UnsupportedError(keyword=name, why=f"comes twice {where}")
        return super().construct_mapping(node, deep)


def load(api: Api) -> dict[str, Any]:
    """The document of an API, all of which can be served. Its paths begin with the base path.

    It is plain YAML: Connexion would run it through a template engine first. Concrete paths come before templates,
    which are matched after them (OpenAPI 3.0.3, Path Templating Matching).

    Raises:
        UnsupportedError: something in it is not supported.
    """
    document: dict[str, Any] = yaml.load(api.document.read_text(encoding="utf-8"), _Loader)  # noqa: S506  a SafeLoader
    try:
        require_supported(document, api)
    except (AttributeError, KeyError, TypeError):
        Specification.from_dict(document)  # It says what is wrong with a document that is no OpenAPI.
        raise
    paths = sorted(document["paths"].items(), key=lambda item: ["{" in segment for segment in item[0].split("/")])
    return {**document, "paths": {api.base_path + path: item for path, item in paths}}
