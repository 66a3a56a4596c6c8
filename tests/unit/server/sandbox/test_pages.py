"""The files of Swagger UI in the package."""

import json
from pathlib import Path

import pytest

from handlers.server.sandbox.pages import SWAGGER_UI

LINT = Path(__file__).parents[3] / "lint"
RELEASED = LINT / "node_modules" / "swagger-ui-dist"
VERSION = json.loads((LINT / "package-lock.json").read_text())["packages"]["node_modules/swagger-ui-dist"]["version"]


def test_the_bundle_is_of_the_locked_release() -> None:
    """The script names the version that the lock file of npm pins."""
    assert f'PACKAGE_VERSION:"{VERSION}"' in (SWAGGER_UI / "swagger-ui-bundle.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", sorted(SWAGGER_UI.iterdir()), ids=lambda file: file.name)
def test_each_file_is_as_released(file: Path) -> None:
    """Each file equals that of the npm package, byte for byte. npm checks the hash of the package."""
    if not RELEASED.exists():
        pytest.skip("`make check` has not installed the npm packages")
    assert file.read_bytes() == (RELEASED / file.name).read_bytes()
