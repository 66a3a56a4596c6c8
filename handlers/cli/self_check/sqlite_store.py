"""The SQLite file of `state.url`. It is opened for reading only. A temporary file beside it shows the latency."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from handlers.cli.self_check.file_system import MOUNTS, check_file_system, file_system_of
from handlers.cli.self_check.finding import Finding, error, findings_or, good, skipped
from handlers.cli.self_check.latency import median_seconds, of_latency
from handlers.server.process.assembly import system_clock
from handlers.state.opening import StateUrl
from handlers.state.port import StateDownError
from handlers.state.sqlite.file import REPAIR, VERSION, is_damage
from handlers.state.sqlite.paths import damage_marker
from handlers.state.sqlite.reading import connect_read_only

_ENTRY_SECONDS = 1


async def check_sqlite(file: Path, mounts: Path = MOUNTS) -> list[Finding]:
    """Examine the file system, the latency of a commit there, and the file."""
    system = good("state.file_system", f"{file.name} is on {file_system_of(file, mounts) or 'an unknown file system'}")
    return [
        *findings_or(check_file_system(file, mounts), system),
        await _latency(file.parent),
        *_integrity(file),
    ]


async def _latency(folder: Path) -> Finding:
    """How long one commit takes, with the same durability as in the real file, in a temporary file."""
    try:
        with TemporaryDirectory(prefix=".snap-token-check-", dir=folder) as temporary:
            state, numbers = StateUrl("sqlite:///state.db", Path(temporary)).open(), count()
            try:
                seconds = await median_seconds(
                    lambda: state.first_seen(f"check:{next(numbers)}", _ENTRY_SECONDS, system_clock())
                )
            finally:
                await state.close()
    except (OSError, ValueError, StateDownError) as cause:
        found = f"no state file can be used in {folder}: {getattr(cause, 'strerror', None) or cause}"
        return error(
            "state.latency", found, "make the folder writable for the server's user, and make room on its disk"
        )
    return of_latency(seconds, "a commit of SQLite (journal mode WAL, synchronous FULL)")


def _integrity(file: Path) -> Iterator[Finding]:
    if not file.exists():
        yield skipped("state.integrity", f"{file} does not exist yet", "the server creates it at its start")
    elif not file.is_file():
        yield error("state.integrity", f"{file} is not a regular file", "name a regular file in state.url")
    elif damage_marker(file).exists():
        yield error("state.integrity", f"a server found damage in {file}", REPAIR)
    else:
        yield _contents(file)


def _contents(file: Path) -> Finding:
    try:
        with closing(connect_read_only(file)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (result,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except (sqlite3.Error, ValueError) as cause:
        advice = REPAIR if is_damage(cause) else "let the server's user read and write it, and run this again"
        return error("state.integrity", f"{file} cannot be read: {cause}", advice)
    if result != "ok":
        return error("state.integrity", f"{file} is damaged: {result}", REPAIR)
    if version > VERSION:
        found = f"{file} is of a newer version of this server (schema {version}, not {VERSION})"
        return error("state.integrity", found, "install that version")
    return good("state.integrity", f"{file.name} is not damaged")
