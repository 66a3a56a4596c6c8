"""The collections in docs/collections, for people who browse the repository. `make reference` writes them."""

from collections.abc import Mapping
from pathlib import Path

from handlers.cli.pack.collections.build import collections
from tests.document import INTERNAL_RAW, RAW
from tests.pages import ROOT

FOLDER = ROOT / "docs" / "collections"
FILES: Mapping[str, str] = collections(RAW, INTERNAL_RAW, "http://127.0.0.1:8080/api/v1.0")


def existing() -> list[Path]:
    """The files in the folder."""
    return [file for file in FOLDER.rglob("*") if file.is_file()]


def write() -> None:
    """Write the files, and remove those that no longer belong to the collections."""
    for file in existing():
        file.unlink()
    for name, text in FILES.items():
        file = FOLDER / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
