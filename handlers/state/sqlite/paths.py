"""The paths of the files that belong to a SQLite file of the state store, and their owner."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

COMPANIONS = ("-wal", "-shm")
"""The suffixes of the files that SQLite keeps beside an open database: write-ahead log and shared memory."""


def companions(path: Path) -> list[Path]:
    """Return the paths of SQLite's other files. They are beside the file itself, not beside a link to it."""
    file = path.resolve()
    return [file.with_name(file.name + suffix) for suffix in COMPANIONS]


def damage_marker(path: Path) -> Path:
    """Return the path of an empty file that records damage. The next process may see no damage, but data is lost."""
    file = path.resolve()
    return file.with_name(f"{file.name}-damaged")


def names_beside(path: Path) -> list[Path]:
    """Return the paths beside the file that have a meaning for SQLite or for this server."""
    file = path.resolve()
    return [*companions(path), file.with_name(f"{file.name}-journal"), damage_marker(path)]


def kept_path(path: Path) -> Path:
    """Return the path that a replaced file gets: beside the file, with the time (UTC, microseconds) in its name."""
    file = path.resolve()
    return file.with_name(f"{file.name}.kept-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")


def require_access(path: Path) -> None:
    """Raise ValueError if the file or a companion belongs to another user, so that this user cannot use it."""
    for each in (path, *companions(path)):
        with suppress(FileNotFoundError):
            owner = each.stat().st_uid
            if owner != os.geteuid() and not os.access(each, os.R_OK | os.W_OK, effective_ids=True):
                message = f"{each.name} belongs to another user ({owner}); as root, run: chown {os.geteuid()} {each}"
                raise ValueError(message)
