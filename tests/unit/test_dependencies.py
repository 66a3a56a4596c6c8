"""The dependencies of the package: what the code imports is declared, and each has both bounds."""

import sys
import tomllib
from importlib.metadata import packages_distributions
from importlib.util import find_spec

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.e2e.package_index import NEWER, pins
from tests.pages import ROOT
from tests.unit.test_house import MODULES, _imports

_PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
_EXTRAS = _PYPROJECT["project"]["optional-dependencies"].values()
_DECLARED = [Requirement(each) for group in (_PYPROJECT["project"]["dependencies"], *_EXTRAS) for each in group]
_BUILDING = [Requirement(each) for each in _PYPROJECT["build-system"]["requires"]]
_IMPORTED = {name.partition(".")[0] for path in MODULES for name in _imports(path)} - {"handlers"}
_ORIGINS = packages_distributions()
_LOWEST = pins(ROOT / "tests/lowest.lock")
_NEWEST = pins(ROOT / "requirements.lock", ROOT / "tests/requirements.lock", ROOT / "build.lock")


@pytest.mark.parametrize("module", sorted(_IMPORTED - sys.stdlib_module_names))
def test_what_is_imported_is_declared(module: str) -> None:
    """A package that the server imports is a dependency of its own, not only of another package."""
    assert {canonicalize_name(name) for name in _ORIGINS[module]} & {each.name for each in _DECLARED}


def test_what_is_declared_is_imported() -> None:
    """Each declared dependency has a module that the server imports."""
    used = {canonicalize_name(name) for module in _IMPORTED for name in _ORIGINS.get(module, [])}
    assert {each.name for each in _DECLARED} <= used


@pytest.mark.parametrize("dependency", [*_DECLARED, *_BUILDING], ids=lambda each: each.name)
def test_a_dependency_has_both_bounds(dependency: Requirement) -> None:
    """The bounds exclude a release of the next years, and the locked release lies within them."""
    assert sorted(each.operator for each in dependency.specifier) == ["<", ">="]
    assert NEWER not in dependency.specifier
    assert _NEWEST[dependency.name] in dependency.specifier


@pytest.mark.parametrize("dependency", _DECLARED, ids=lambda each: each.name)
def test_the_lower_bound_is_tested(dependency: Requirement) -> None:
    """`make lowest` installs the very release that the lower bound names."""
    (bound,) = (each.version for each in dependency.specifier if each.operator == ">=")
    assert Version(_LOWEST[dependency.name]) == Version(bound)


def test_no_package_of_the_tests_slows_down_the_server() -> None:
    """The parser of rfc3987-syntax is not installed: jsonschema would import it at each start, for one second."""
    assert find_spec("rfc3987_syntax") is None
