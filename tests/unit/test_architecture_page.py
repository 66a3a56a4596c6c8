"""The page of the architecture: its rooms and its imports are those that the house rules hold."""

import re

import pytest

from tests.pages import ROOT, page, section
from tests.unit.test_house import FLOORS


@pytest.mark.parametrize(("place", "package"), [(0, "handlers"), (1, "handlers.server")])
def test_it_shows_the_imports(place: int, package: str) -> None:
    """The page has the floors of the package, from the top to the ground."""
    shown = re.findall(r"```text\n(.+?)```", section("architecture", "## Imports"), re.DOTALL)[place]
    assert [set(line.split()) for line in shown.splitlines()] == FLOORS[package]


def test_it_names_files_and_folders_that_exist() -> None:
    """Every file and folder of the repository that the page names is there."""
    named = re.findall(r"`((?:handlers|openapi|tests)/[\w./]*)`", page("architecture"))
    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_it_names_every_room() -> None:
    """Every folder of the package has a row in the table of the rooms, or its parts have."""
    text = section("architecture", "## Rooms")
    assert [each.name for each in (ROOT / "handlers").glob("[a-z]*/") if f"`handlers/{each.name}/" not in text] == []
