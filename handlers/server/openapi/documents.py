"""The files of the OpenAPI documents."""

from pathlib import Path

_PACKAGE = Path(__file__).parents[2]

# In a wheel, the documents are inside the package. In a checkout, they are beside it.
_DOCUMENTS = next(folder for folder in (_PACKAGE / "openapi", _PACKAGE.parent / "openapi") if folder.is_dir())

DOCUMENT = _DOCUMENTS / "snap-token.yaml"
"""The contract with NICEPAY."""

INTERNAL_DOCUMENT = _DOCUMENTS / "internal.yaml"

CONTRACT_VERSION = "1.1.0"
"""The version of both documents. A test compares it with them."""

TEST_PRIVATE_KEY = _DOCUMENTS / "test-key" / "test-key-private.pem"
"""The published test key, which signs the examples and the test vectors."""

TEST_PUBLIC_KEY = TEST_PRIVATE_KEY.with_name("test-key-public.pem")

SNIPPETS = _DOCUMENTS / "snippets"
"""The programs that sign in other languages."""

TOKEN_PATH = "/access-token/b2b"  # noqa: S105  a path, no password
