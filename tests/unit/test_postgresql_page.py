"""The page on PostgreSQL in both languages, held to the code."""

import pytest

from handlers.cli.self_check.postgresql_store import OLDEST_VERSION
from handlers.state.postgresql.schema import PRIVILEGES
from handlers.state.postgresql.url import OPTIONS, parse
from tests.pages import ROOT, page

in_both_languages = pytest.mark.parametrize("language", ["en", "id"])


@in_both_languages
def test_the_page_has_the_privileges(language: str) -> None:
    """The page grants exactly what a role needs, as a test of the engine proves."""
    text = page("postgresql", language)
    granted = [line.rstrip(";") for line in text.splitlines() if line.startswith("GRANT")]
    assert granted == [statement.format(role="snap_token_app") for statement in PRIVILEGES]


@in_both_languages
def test_the_page_has_every_option_of_the_url(language: str) -> None:
    """Each option of the URL is on the page, and the URL of the example is valid."""
    text = page("postgresql", language)
    assert [name for name in OPTIONS if f"`{name}`" not in text and f"{name}=" not in text] == []
    (line,) = (line for line in text.splitlines() if line.strip().startswith("url ="))
    url = line.partition('"')[2].rstrip('"').replace("&passfile=pgpass", "")
    assert parse(url, ROOT).hosts == ("db.example:5432",)


@in_both_languages
def test_the_pages_have_the_oldest_version(language: str) -> None:
    """The table of the state stores has the oldest supported version."""
    assert f"PostgreSQL {OLDEST_VERSION} " in page("several-instances", language)
