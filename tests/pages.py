"""The source text of the documentation's pages."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "docs/deploy"


def page(name: str, language: str = "en") -> str:
    """The text of `docs/<language>/<name>.md`."""
    return (ROOT / f"docs/{language}/{name}.md").read_text(encoding="utf-8")


def section(name: str, title: str) -> str:
    """The part of an English page from a heading to the next heading of the same level.

    Raises:
        KeyError: The page has no such heading.
    """
    level, _, _ = title.partition(" ")
    _, found, rest = page(name).partition(f"\n{title}\n")
    if not found:
        raise KeyError(title)
    return rest.partition(f"\n{level} ")[0]
