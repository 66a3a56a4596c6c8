"""The page of the tools: its versions are those of the lock files, and its checks exist."""

import json
import re

import pytest

from tests.e2e.package_index import pins
from tests.pages import ROOT, section

_ROW = re.compile(r"^\| `(?P<tool>[^`]+)` \| `(?P<version>[^`]+)` \|.*\| `(?P<check>[^`]+)` \|$", re.MULTILINE)
_ROWS = [row.groupdict() for row in _ROW.finditer(section("tools", "## Tools that CI tries"))]
_PYPI = ("requirements.lock", "tests/requirements.lock", "tests/locks/generators.lock", "tests/locks/viewers.lock")
_NPM = ("tests/lint/package-lock.json", "tests/e2e/integrators/package-lock.json")


@pytest.fixture(scope="module")
def locked() -> dict[str, str]:
    """The locked version of each package, from PyPI and from npm."""
    versions = pins(*(ROOT / lock for lock in _PYPI))
    for lock in _NPM:
        packages = json.loads((ROOT / lock).read_text(encoding="utf-8"))["packages"]
        versions |= {path.removeprefix("node_modules/"): about["version"] for path, about in packages.items() if path}
    return versions


def test_the_table_has_rows() -> None:
    """The table is found, and no row has another form."""
    assert len(_ROWS) == section("tools", "## Tools that CI tries").count("\n| `") > 10


@pytest.mark.parametrize("row", _ROWS, ids=[row["tool"] for row in _ROWS])
def test_a_row_is_true(row: dict[str, str], locked: dict[str, str]) -> None:
    """The version of a tool is the locked one, and the file or folder of its check exists."""
    assert row["version"] == locked[row["tool"]]
    assert (ROOT / row["check"]).exists()
