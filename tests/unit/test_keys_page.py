"""The page on keys in both languages, held to the code."""

import pytest

from handlers.snap import key_kinds
from handlers.snap.key_content import MOST_BLOCKS
from handlers.snap.key_format_error import KeyFormatError, KeyKind
from handlers.snap.rsa_numbers import LONGEST_KEY_VALUE
from tests.pages import page

KINDS = {name: kind for name, kind in vars(key_kinds).items() if isinstance(kind, KeyKind)}
in_both_languages = pytest.mark.parametrize("language", ["en", "id"])


def _commands(kind: KeyKind) -> set[str]:
    public, private = KeyFormatError(kind), KeyFormatError(kind)
    private.wants_private_key = kind.private != kind.public
    return {command for error in (public, private) if (command := str(error).partition("use the new file: ")[2])}


@in_both_languages
@pytest.mark.parametrize("name", KINDS)
def test_the_page_has_each_command(name: str, language: str) -> None:
    """The page has every command that a message about a key can have."""
    text = page("keys-and-secrets", language).replace("\\|", "|")
    assert [command for command in _commands(KINDS[name]) if f"`{command}`" not in text] == []


@in_both_languages
def test_the_page_has_the_limits(language: str) -> None:
    """The page has the most certificates of a chain, and the longest RSAKeyValue."""
    comma = {"en": ",", "id": "."}[language]
    text = page("keys-and-secrets", language)
    assert f" {MOST_BLOCKS} " in text
    assert f"{LONGEST_KEY_VALUE:,}".replace(",", comma) in text
