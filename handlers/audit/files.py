"""The names of the trail's files: `audit-YYYYMMDD-NNNNNN.jsonl`, and `.jsonl.gz` after compression.

The day is the day in Jakarta on which the file was opened. The number counts the files of the whole trail.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from handlers.snap.timestamp import JAKARTA

LOCK = "lock"
"""The file in the folder that a process locks (`flock`) while it appends."""

COMPRESSED = ".gz"
_NAME = re.compile(r"audit-([0-9]{8})-([0-9]{6,})\.jsonl")


@dataclass(frozen=True, slots=True, order=True)
class TrailFile:
    """A file of the trail. The order of files is the order of their numbers."""

    number: int
    day: str

    @classmethod
    def next_after(cls, before: "TrailFile | None", now: datetime) -> Self:
        """The file that is opened now, after the file `before`, which is None for the first file."""
        return cls(before.number + 1 if before else 1, jakarta_day(now))

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """The file of this name, which may end in `.gz`. None if no file of a trail has such a name."""
        found = _NAME.fullmatch(name.removesuffix(COMPRESSED))
        file = cls(int(found[2]), found[1]) if found else None
        return file if file and name in {file.name, file.compressed_name} else None

    @property
    def name(self) -> str:
        """The name of the file before it is compressed."""
        return f"audit-{self.day}-{self.number:06}.jsonl"

    @property
    def compressed_name(self) -> str:
        """The name of the file after it is compressed."""
        return self.name + COMPRESSED


def jakarta_day(now: datetime) -> str:
    """The day in Jakarta, as YYYYMMDD."""
    return now.astimezone(JAKARTA).strftime("%Y%m%d")


def trail_files(names: Iterable[str]) -> list[TrailFile]:
    """The files of a trail among these names, each once, in the order of their numbers."""
    return sorted({file for name in names if (file := TrailFile.parse(name))})


def files_in(folder: Path) -> list[TrailFile]:
    """The files of the trail in this folder, in the order of their numbers.

    Raises:
        OSError: The folder cannot be read.
    """
    return trail_files(path.name for path in folder.iterdir())
