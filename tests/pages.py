"""The pages of the documentation, as they are written."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "docs/deploy"


def page(name: str, language: str = "en") -> str:
    """The text of `docs/<language>/<name>.md`."""
    return (ROOT / f"docs/{language}/{name}.md").read_text(encoding="utf-8")


def section(name: str, title: str) -> str:
    """The part of an English page below that heading, up to the next heading of its level; KeyError if it has none."""
    level, _, _ = title.partition(" ")
    _, found, rest = page(name).partition(f"\n{title}\n")
    if not found:
        raise KeyError(title)
    return rest.partition(f"\n{level} ")[0]
