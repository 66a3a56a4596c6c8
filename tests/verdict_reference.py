"""The table of the verdicts. `make reference` writes it into the pages on troubleshooting."""

import re
from pathlib import Path

from handlers.doctor.messages.render import LANGUAGES, Language
from handlers.doctor.verdicts import Verdict
from tests.generated import Region
from tests.pages import ROOT

PAGES: dict[Language, Path] = {language: ROOT / "docs" / language / "troubleshooting.md" for language in LANGUAGES}
REGION = Region("verdicts")
HEADS: dict[Language, tuple[str, str, str]] = {
    "en": ("what `explain` says", "verdict", "what to do"),
    "id": ("yang dikatakan `explain`", "verdict", "yang harus dilakukan"),
}

_MARKUP = re.compile(r"([|<>*_\\`])")


class _Names(dict[str, str]):
    """Values for the placeholders of a message: their names in braces."""

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


def table(language: Language) -> str:
    """Each verdict with its meaning and its advice, in Markdown."""
    rows = [HEADS[language], ("---", "---", "---")]
    for verdict in Verdict:
        meaning, advice = (_cell(text) for text in LANGUAGES[language][verdict])
        rows.append((meaning, f"`{verdict}`", advice))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text.format_map(_Names()))


def write() -> None:
    """Write the table into each page."""
    for language, page in PAGES.items():
        REGION.write(page, table(language))
