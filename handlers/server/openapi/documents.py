"""The files of the OpenAPI documents."""

from pathlib import Path

_PACKAGE = Path(__file__).parents[2]

# In a wheel, the documents are inside the package. In a checkout, they are beside it.
_DOCUMENTS = next(folder for folder in (_PACKAGE / "openapi", _PACKAGE.parent / "openapi") if folder.is_dir())

DOCUMENT = _DOCUMENTS / "snap-token.yaml"
"""The contract with NICEPAY."""

INTERNAL_DOCUMENT = _DOCUMENTS / "internal.yaml"

TOKEN_PATH = "/access-token/b2b"  # noqa: S105  a path, no password
