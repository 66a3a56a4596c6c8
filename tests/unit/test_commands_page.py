"""The command reference."""

from pathlib import Path

import pytest

from tests.reference import PAGES, REGION, reference


def test_there_are_two_languages() -> None:
    """The reference is a page of each language."""
    assert [page.parent.name for page in PAGES] == ["en", "id"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.parent.name))
def test_the_page_has_the_help_of_the_commands(page: Path) -> None:
    """The page has every command and option as the commands themselves explain them; else: `make reference`."""
    assert REGION.text(page) == reference(), "run `make reference`"
