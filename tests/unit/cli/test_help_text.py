"""The help of the commands is wrapped once, at the width of the terminal."""

from collections.abc import Iterator
from io import StringIO
from itertools import pairwise

import pytest
from cyclopts import App
from rich.console import Console

from handlers.cli.app import app

INDENT = 4
"""Columns before the further lines of an option."""


def _paths(app: App, *path: str) -> Iterator[tuple[str, ...]]:
    """The path of every command and subcommand."""
    yield path
    for name in app:
        if name not in {"--help", "-h", "--version"}:
            yield from _paths(app[name], *path, name)


def _help(app: App, path: tuple[str, ...], width: int) -> list[str]:
    console = Console(file=StringIO(), width=width)
    with console.capture() as capture:
        app.help_print(path, console=console)
    return capture.get().splitlines()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _continues(line: str) -> bool:
    return bool(line.strip()) and (_indent(line) == INDENT or (_indent(line) == 0 and not line.endswith(":")))


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_every_line_is_as_long_as_the_terminal_allows(width: int) -> None:
    """In no help text a line is longer than the width, or has room for the first word of the next line."""
    paths = list(_paths(app))
    lines = [line for path in paths for line in _help(app, path, width)]
    assert max(map(len, lines)) <= width
    short = [a for a, b in pairwise(lines) if a.strip() and _continues(b) and len(f"{a} {b.split()[0]}") <= width]
    assert not short
    assert ("client", "add") in paths


def test_options_are_indented() -> None:
    """The further lines of an option are indented more than its first line."""
    lines = _help(app, ("explain",), 80)
    first = next(index for index, line in enumerate(lines) if line.startswith("  --at STR: "))
    assert lines[first + 1].startswith("    ")


@pytest.mark.parametrize("width", [0, 1, 5])
def test_a_narrow_terminal_gets_help(width: int) -> None:
    """If the terminal has no usable width, the lines have 20 columns."""
    lines = _help(app, ("serve",), width)
    assert "Example: snap-token" in lines
    assert "Run the server until" in lines
