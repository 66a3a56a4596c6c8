"""The page for troubleshooting: it says what to do about each reason, and what each event of the log means."""

import ast
import re
from collections.abc import Iterator

from handlers.server.observability.elastic_common_schema import NAMES, VERSION
from handlers.server.observability.json_line import LONGEST_LINE
from tests.pages import ROOT, page, section

LOGGED = {"info", "warning", "error", "exception"}
"""The logger methods that take the name of an event."""


def _calls() -> Iterator[ast.Call]:
    for module in (ROOT / "handlers").rglob("*.py"):
        nodes = ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        yield from (node for node in nodes if isinstance(node, ast.Call))


def _texts(node: ast.AST) -> set[str]:
    """The constants in it, the branches of a condition among them; what is only a part of a text counts for nothing."""
    if isinstance(node, ast.JoinedStr):
        return set()
    if isinstance(node, ast.Constant):
        return {node.value} if isinstance(node.value, str) else set()
    return set().union(*(_texts(child) for child in ast.iter_child_nodes(node)))


def _reasons() -> set[str]:
    return {
        text
        for call in _calls()
        for keyword in call.keywords
        if keyword.arg == "reason"
        for text in _texts(keyword.value)
    }


def _events() -> set[str]:
    names_an_event = (call for call in _calls() if _is_logging(call.func))
    return {text for call in names_an_event for text in _texts(ast.Tuple(call.args[:1]))}


def _is_logging(function: ast.expr) -> bool:
    return getattr(function, "attr", "") in LOGGED or getattr(function, "id", "") == "SettingWarning"


def test_each_reason_has_a_row() -> None:
    """The page says what to do about every reason of the code and of the page of the answers."""
    answered = set(re.findall(r"^\|.*\| [45][0-9]{2} .*\| `([a-z_.]+)` \|$", page("answers"), re.MULTILINE))
    assert len(answered) > 30
    cells = re.findall(r"^\| (`.+?`) \|", section("troubleshooting", "## Reasons"), re.MULTILINE)
    assert answered | _reasons() <= set(re.findall(r"`([a-z0-9_.]+)`", " ".join(cells)))


def test_each_event_has_a_row() -> None:
    """The page says what every event means that the code writes into the log."""
    events = _events()
    assert {"server.stopped", "state.down", "client.key_is_short"} <= events
    assert events <= set(re.findall(r"`([a-z_]+\.[a-z_]+)`", page("troubleshooting")))


def test_each_name_of_ecs_has_a_row() -> None:
    """The table of the names in ECS is that of the code. The page also names the version and the longest line."""
    text = section("troubleshooting", "## Send the log to another system")
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| `([a-z_.@]+)`", text, re.MULTILINE))
    assert rows == {**NAMES, "outcome": "event.outcome"}
    assert VERSION.startswith("8.11.")
    assert "8.11" in text
    assert f"{LONGEST_LINE:,}" in text
    assert f"{LONGEST_LINE:,}" in section("limits", "## Log")
