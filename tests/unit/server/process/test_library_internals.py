"""Names of libraries that are not public."""

import ast
from pathlib import Path

import pytest
import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from handlers.server.process import backpressure, http_connection, uvicorn_server
from handlers.server.process.library_internals import CYCLE, FLOW, PROTOCOL, SERVER, missing_internals, names_of


def test_nothing_is_missing() -> None:
    """The installed libraries have every name."""
    assert missing_internals() == []


def test_a_missing_method_is_reported() -> None:
    """One line has the library, its release, the missing name and the releases to install."""
    (line,) = missing_internals({"uvicorn": {HttpToolsProtocol: frozenset({"on_teatime", "on_body"})}})
    assert line.startswith(
        f"uvicorn {uvicorn.__version__} has no HttpToolsProtocol.on_teatime, which this server needs"
    )
    assert "; install 'uvicorn" in line
    assert "on_body" not in line


def test_a_missing_attribute_is_reported() -> None:
    """An attribute exists if a method of the class uses it."""
    assert missing_internals({"uvicorn": {RequestResponseCycle: frozenset({"response_complete"})}}) == []
    (line,) = missing_internals({"uvicorn": {RequestResponseCycle: frozenset({"response_perfect"})}})
    assert "RequestResponseCycle.response_perfect" in line


@pytest.mark.parametrize(
    ("module", "name", "base", "checked"),
    [
        pytest.param(http_connection, "Connection", HttpToolsProtocol, PROTOCOL, id="connection"),
        pytest.param(backpressure, "Backpressure", FlowControl, FLOW, id="flow"),
        pytest.param(uvicorn_server, "Server", uvicorn.Server, SERVER, id="server"),
    ],
)
def test_every_used_name_is_checked(module: object, name: str, base: type, checked: frozenset[str]) -> None:
    """Every name of a uvicorn base class that our class uses is checked at start."""
    body = _class(module, name)
    methods = {each.name for each in body.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
    used = {each for each in methods | _of_self(body) if not each.startswith("__")}
    assert used & names_of(base)
    assert used & names_of(base) <= checked


def test_every_used_name_of_a_cycle_is_checked() -> None:
    """Every name of uvicorn's request cycle that the connection uses is checked at start."""
    used = {
        each.attr
        for each in ast.walk(_class(http_connection, "Connection"))
        if isinstance(each, ast.Attribute)
        and isinstance(each.value, ast.Attribute)
        and each.value.attr in {"cycle", "_current_cycle"}
    }
    assert used
    assert used <= CYCLE


def _class(module: object, name: str) -> ast.ClassDef:
    tree = ast.parse(Path(str(getattr(module, "__file__", ""))).read_text(encoding="utf-8"))
    return next(each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == name)


def _of_self(body: ast.ClassDef) -> set[str]:
    """The attributes of `self` that this code reads or sets."""
    return {
        each.attr
        for each in ast.walk(body)
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == "self"
    }
