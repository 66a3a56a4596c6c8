"""The house rules: who may import whom, and how large things may grow."""

import ast
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "handlers"
MODULES = sorted(PACKAGE.rglob("*.py"))
RESOURCES = {"access_token", "authorization", "introspection", "revocation", "health"}
FLOORS = [{"cli"}, {"judge"}, {"server"}, RESOURCES, {"services"}, {"state", "doctor"}, {"snap"}]
"""From the top of the house to its ground. Imports run downwards, or stay on their floor.

The judge has a floor of its own below the command: it judges any server, so it must know none, not even ours.
"""

FOREIGN = {"connexion", "starlette", "uvicorn", "socket", "os", "pathlib", "time", "random", "secrets", "structlog"}
"""What pure rooms have no use for."""


def _room(name: str) -> list[Path]:
    """Its modules, in whatever folder the checkout lies."""
    return sorted((PACKAGE / name).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")


def _floor(module: str) -> int:
    rooms = module.split(".")[1:]
    return next((level for level, floor in enumerate(FLOORS) if rooms and rooms[0] in floor), len(FLOORS))


def _imports(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    members = {
        f"{node.module}.{alias.name}" for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    return plain | members


def _lengths(path: Path) -> list[int]:
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [_own_lines(function) for function in functions]


def _own_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function, its docstring left out."""
    docstring = function.body[0] if ast.get_docstring(function) else None
    lines = (function.end_lineno or 0) - function.lineno + 1
    return lines - ((docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0)


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_imports_run_downwards(path: Path) -> None:
    """A module imports from its own floor or from a lower one, never from a higher."""
    own = [each for each in _imports(path) if each.startswith("handlers.")]
    above = [each for each in own if _floor(each) < _floor(_name(path))]
    assert not above


@pytest.mark.parametrize("path", _room("judge"), ids=_name)
def test_the_judge_knows_no_server(path: Path) -> None:
    """The judge, which is for any server, imports of ours SNAP's rules alone."""
    own = {each.split(".")[1] for each in _imports(path) if each.startswith("handlers.")}
    assert own <= {"judge", "snap"}


@pytest.mark.parametrize("path", _room("snap"), ids=_name)
def test_the_rules_of_snap_are_pure(path: Path) -> None:
    """SNAP's rules know no framework, no socket, no file, no environment and no clock."""
    assert not {each.split(".")[0] for each in _imports(path)} & FOREIGN
    source = path.read_text(encoding="utf-8")
    assert "now(" not in source
    assert "open(" not in source.replace("def open(", "")


@pytest.mark.parametrize("path", _room("doctor"), ids=_name)
def test_the_doctor_reasons_and_does_nothing_else(path: Path) -> None:
    """The doctor knows SNAP's rules and itself: no I/O, no clock, no framework, and nobody else's rooms."""
    own = {each for each in _imports(path) if each.startswith("handlers.")}
    assert all(each.startswith(("handlers.snap", "handlers.doctor", "handlers.escaping")) for each in own)
    assert not {each.split(".")[0] for each in _imports(path)} & FOREIGN
    assert "now(" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_modules_stay_small(path: Path) -> None:
    """A module has at most 250 lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 250


def test_functions_stay_small() -> None:
    """Nine functions of ten have at most 25 lines, and half of them at most 8."""
    lengths = sorted(length for path in MODULES for length in _lengths(path))
    assert lengths[int(len(lengths) * 0.9)] <= 25
    assert lengths[len(lengths) // 2] <= 8


def test_the_floors_are_in_order() -> None:
    """The house has its floors in the order that the imports need: the command on top, SNAP's rules at the ground."""
    order = [
        "handlers.cli",
        "handlers.judge.judging",
        "handlers.server.edge",
        "handlers.access_token",
        "handlers.services",
        "handlers.state.port",
        "handlers.snap.codes",
    ]
    assert all(_floor(upper) < _floor(lower) for upper, lower in pairwise(order))
