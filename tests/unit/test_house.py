"""The house rules: who may import whom, and how large things may grow."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "handlers"
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests" / "unit").rglob("test_*.py"))
RESOURCES = {"access_token", "authorization", "introspection", "revocation", "health", "metrics"}

FLOORS = {
    "handlers": [
        {"cli"},
        {"judge"},
        {"server"},
        RESOURCES,
        {"config", "services"},
        {"audit", "doctor", "request_limits", "state"},
        {"snap", "decision_notes", "escaping", "timing"},
    ],
    "handlers.cli": [
        {"app"},
        {"commands", "completion", "system_layout", "worker"},
        {
            "audit_output",
            "audit_period",
            "audit_question",
            "check_output",
            "explain_output",
            "judged_server",
            "pack",
            "preset_output",
            "self_check",
        },
        {"captured", "shared_state", "startup"},
        {"simulator"},
        {"files", "local_listener", "settings_file", "time_limit"},
        {"errors", "help_text", "streams"},
    ],
    "handlers.doctor": [
        {"diagnose", "log_verdict"},
        {"call", "call_without_token", "token_request", "request_secrets"},
        {"authorize_request"},
        {"checks"},
        {"candidates"},
        {"header_names", "messages", "request_format", "signed_request"},
        {"context", "request", "verdicts"},
        {"difference", "rewriting"},
    ],
    "handlers.server": [{"sandbox"}, {"process"}, {"openapi"}, {"observability"}, {"http"}],
}
"""Each room's own rooms and modules, from the top to the ground. Imports run downwards, or stay on their floor.

The judge has a floor of its own below the command: it judges any server, so it must know none, not even ours.
"""

WITHOUT_A_MODULE = {"state/test_contract.py", "judge/test_reports.py", "judge/test_scenarios.py"}
"""Tests of a whole room."""

FOREIGN = {"connexion", "starlette", "uvicorn", "socket", "os", "pathlib", "time", "random", "secrets", "structlog"}
"""Modules that pure rooms must not import."""


def _room(name: str) -> list[Path]:
    """Its modules. The folder of the checkout may have any name."""
    return sorted((PACKAGE / name).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")


def _floor(room: str, child: str) -> int:
    """A module that is not in a subfolder belongs to the room itself, on its lowest floor."""
    floors = FLOORS[room]
    return next((level for level, floor in enumerate(floors) if child in floor), len(floors))


def _parting(module: str, other: str) -> tuple[str, str, str]:
    """The innermost room that holds both, and the child of it in which each of them lies."""
    one, two = module.split("."), other.split(".")
    depth = next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    own, foreign = ("".join(names[depth : depth + 1]) for names in (one, two))
    return ".".join(one[:depth]), own, foreign


def _runs_upwards(module: str, imported: str) -> bool:
    room, own, other = _parting(module, imported)
    return room in FLOORS and bool(own and other) and _floor(room, other) < _floor(room, own)


def _own_imports(path: Path) -> set[str]:
    """The modules and members of this package that a module imports."""
    return {each for each in _imports(path) if each.startswith("handlers.")}


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
    """A module imports from its own floor or from a lower one, never from a higher, in each room that it lies in."""
    assert not [each for each in _own_imports(path) if _runs_upwards(_name(path), each)]


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("handlers.snap.codes", "handlers.state.port"),
        ("handlers.services", "handlers.access_token"),
        ("handlers.config.settings", "handlers.server.http.limits"),
        ("handlers.server.http.limits", "handlers.server.openapi.api.Api"),
        ("handlers.server.observability.decision_log", "handlers.server.process.reload"),
        ("handlers.server.process.reload", "handlers.server.sandbox"),
        ("handlers.cli.errors", "handlers.cli.app"),
        ("handlers.cli.files.pipes", "handlers.cli.commands.keys"),
        ("handlers.doctor.request", "handlers.doctor.diagnose"),
        ("handlers.doctor.candidates.timestamps", "handlers.doctor.checks.clock"),
    ],
)
def test_an_upward_import_is_found(tmp_path: Path, module: str, imported: str) -> None:
    """An import that is planted upwards is found, between the rooms of the house and inside a room."""
    planted = tmp_path / "planted.py"
    room, _, member = imported.rpartition(".")
    planted.write_text(f"from {room} import {member}\n")
    assert [each for each in _own_imports(planted) if _runs_upwards(module, each)] == [imported]


@pytest.mark.parametrize("room", FLOORS)
def test_every_room_has_its_floor(room: str) -> None:
    """A room or module that is new, or gone, must be entered in the floors or taken out of them."""
    folder = ROOT / room.replace(".", "/")
    children = {each.name for each in folder.iterdir() if (each / "__init__.py").exists()}
    children |= {each.stem for each in folder.glob("*.py")} - {"__init__"}
    assert set().union(*FLOORS[room]) == children


def test_no_imports_run_in_a_circle() -> None:
    """Imports between modules form no circle, within a room and across rooms."""
    names = {_name(path) for path in MODULES}
    imports = {
        _name(path): {each if each in names else each.rpartition(".")[0] for each in _own_imports(path)} - {_name(path)}
        for path in MODULES
    }
    assert set(TopologicalSorter(imports).static_order()) >= names


@pytest.mark.parametrize("path", [path for path in TESTS if path.parent.name != "unit"], ids=lambda path: path.name)
def test_unit_tests_lie_where_their_module_lies(path: Path) -> None:
    """The tests of a module lie in the folder of the same name as the module's, so they are found."""
    place = path.relative_to(ROOT / "tests" / "unit")
    module = PACKAGE / place.with_name(place.name.removeprefix("test_"))
    assert module.exists() or place.as_posix() in WITHOUT_A_MODULE


@pytest.mark.parametrize("path", _room("judge"), ids=_name)
def test_the_judge_knows_no_server(path: Path) -> None:
    """The judge, which is for any server, imports of ours SNAP's rules alone."""
    own = {each.split(".")[1] for each in _own_imports(path)}
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
    own = _own_imports(path)
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
