"""The contact of the merchant in the pack: a name, an e-mail address and a URL.

The values stand in YAML, JSON, HTML and Markdown. They may have only characters that mean nothing there.
"""

import re
import unicodedata
from collections.abc import Sequence

from handlers.cli.errors import UsageError
from handlers.cli.pack.address import HOST

LONGEST = 254
"""Maximum length of a value in characters. It is that of an e-mail address (RFC 5321, section 4.5.3.1.3)."""

_WORD = r"[A-Za-z0-9]+"
_EMAIL = re.compile(rf"(?=.{{1,64}}@){_WORD}([._+-]{_WORD})*@(?=[^@]*\.)(?P<host>[^@]+)")
_URL = re.compile(r"https://(?P<host>[^/:]+)(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}))?(/[A-Za-z0-9._~-]+)*/?")
_PUNCTUATION = frozenset(" .,'()/+-")
_RULES = {
    "name": "a name has letters, digits, spaces and .,'()/+- and begins with a letter or digit",
    "email": "an e-mail address looks like team@merchant.example; give its name as a second --contact",
    "url": "a URL looks like https://merchant.example/integration",
}


def contact(values: Sequence[str]) -> dict[str, str]:
    """The members of `info.contact` (OpenAPI 3.0.3, section 4.7.3): `name`, `url` and `email`, as far as given.

    Raises:
        UsageError: A value is malformed, or two values are of one kind.
    """
    found: dict[str, str] = {}
    for value in values:
        kind = _kind(value)
        if len(value) > LONGEST:
            _refuse(f"it may have at most {LONGEST} characters")
        if not _is_valid(kind, value):
            _refuse(_RULES[kind])
        if kind in found:
            _refuse("give at most one name, one e-mail address and one URL")
        found[kind] = value
    return {kind: found[kind] for kind in ("name", "url", "email") if kind in found}


def _kind(value: str) -> str:
    if "@" in value:
        return "email"
    return "url" if ":" in value else "name"


def _is_valid(kind: str, value: str) -> bool:
    if kind == "name":
        return _is_name(value)
    match = (_EMAIL if kind == "email" else _URL).fullmatch(value)
    return bool(match and HOST.fullmatch(match["host"].lower()))


def _is_name(value: str) -> bool:
    return value[:1].isalnum() and not value.endswith(" ") and all(map(_is_in_a_name, value))


def _is_in_a_name(character: str) -> bool:
    """Letters and digits of all scripts, the marks on letters, and a few signs."""
    return character in _PUNCTUATION or unicodedata.category(character)[0] in "LMN"


def _refuse(mistake: str) -> None:
    message = f"--contact: {mistake}"
    raise UsageError(message)
