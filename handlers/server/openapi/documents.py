"""Where the OpenAPI documents lie."""

from pathlib import Path

_PACKAGE = Path(__file__).parents[2]

# In a wheel the documents lie inside the package, in a checkout beside it.
_DOCUMENTS = next(folder for folder in (_PACKAGE / "openapi", _PACKAGE.parent / "openapi") if folder.is_dir())

DOCUMENT = _DOCUMENTS / "snap-token.yaml"
"""The contract, one source of truth."""

INTERNAL_DOCUMENT = _DOCUMENTS / "internal.yaml"

TOKEN_PATH = "/access-token/b2b"  # noqa: S105  a path, no password
