"""Copies of this checkout."""

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]


def copied(folder: Path) -> Path:
    """Copy the files of this checkout, without those that Git ignores, into a new folder."""
    ignored = (pattern.strip("/") for pattern in (ROOT / ".gitignore").read_text().split())
    return shutil.copytree(ROOT, folder, symlinks=True, ignore=shutil.ignore_patterns(".git", *ignored))


def files(folder: Path) -> set[str]:
    """The paths of all files in the folder, seen from the folder."""
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if not file.is_dir()}
