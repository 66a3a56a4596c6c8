"""`snap-token state`: back up, restore and repair the SQLite file of the state store."""

import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from cyclopts import App

from handlers.cli.errors import UsageError
from handlers.cli.files.atomic_write import exists_error
from handlers.cli.files.audit_record import record_change
from handlers.cli.settings_file import load_settings
from handlers.config.settings import Settings
from handlers.server.process.assembly import system_clock
from handlers.snap.timestamp import render
from handlers.state.microseconds import from_microseconds, to_microseconds
from handlers.state.sqlite.backup import back_up
from handlers.state.sqlite.data_loss import CopiedRows
from handlers.state.sqlite.file import DamagedError
from handlers.state.sqlite.locks import LockedError
from handlers.state.sqlite.repair import Repair
from handlers.state.sqlite.repair import repair as repaired
from handlers.state.sqlite.repair import restore as restored

HELP = """Back up, restore and repair the SQLite file of the state store. Other state stores have their own tools.

Example: snap-token state backup state-backup.db --config snap-token.toml
"""

_OWN_TOOLS = {
    "redis": "use redis-cli --rdb FILE for a backup of Redis",
    "postgresql": "use pg_dump for a backup of PostgreSQL",
    "memory": "memory:// keeps nothing when the server ends",
}

app = App(name="state", help=HELP)


@app.command
def backup(target: Path, /, *, config: Path) -> None:
    """Write a backup of the state file to a new file, while servers go on.

    The backup is one complete and consistent file. Only its owner can read it. It is not the whole installation: keep
    the settings and the keys too. If the command fails, it leaves no file.

    Use `snap-token state restore` to put the backup in place.

    Example: snap-token state backup state-backup.db --config snap-token.toml

    Args:
        target: The new file.
        config: The settings file.
    """
    _, file = _state_file(config)
    if not file.exists():
        message = f"{file} does not exist; the server creates it at its start"
        raise UsageError(message)
    with _named_errors(f"{file} cannot be backed up to {target}"):
        try:
            back_up(file, target)
        except FileExistsError as error:
            raise exists_error(target) from error
    sys.stdout.write(f"backup    {target.absolute()}\n")


@app.command
def restore(source: Path, /, *, config: Path) -> None:
    """Replace the state file with a new one, which has all entries of a backup.

    The old file stays beside the new one under another name, and its readable entries are copied too. Entries of the
    time after the backup may be lost, so the servers refuse every request that was signed before the restore (500 02)
    and every token that was issued before it.

    Two lost entries remain lost. A client that was suspended after the backup may no longer be suspended: check with
    `snap-token client list`. A call that was accepted after the backup is accepted again if the acquirer signs it
    again on the same day with the same X-EXTERNAL-ID: compare your payments since the backup.

    Running servers use the new file within one second.

    Example: snap-token state restore state-backup.db --config snap-token.toml

    Args:
        source: The backup.
        config: The settings file.
    """
    (settings, file), now = _state_file(config), system_clock()
    with _named_errors(f"{source} cannot be restored to {file}"):
        done = restored(file, source, to_microseconds(now))
    from_backup = f"restored  {_rows(done.restored)}\n"
    sys.stdout.write(_summary(file, done, now, from_backup) + _lost_period(done.restored, now))
    record_change(settings, "state.restored", backup=str(source.absolute()))


@app.command
def repair(*, config: Path) -> None:
    """Replace a damaged or missing state file with a new one, which has all entries that can still be read.

    The old file stays beside the new one under another name. Some entries may be lost, so the servers refuse every
    request that was signed before the repair (500 02) and every token that was issued before it. Suspensions that
    cannot be read are lost. Check them with `snap-token client list`.

    Running servers use the new file within one second.

    Example: snap-token state repair --config snap-token.toml

    Args:
        config: The settings file.
    """
    (settings, file), now = _state_file(config), system_clock()
    with _named_errors(f"{file} cannot be repaired"):
        done = repaired(file, to_microseconds(now))
    sys.stdout.write(_summary(file, done, now))
    record_change(settings, "state.repaired")


def _state_file(config: Path) -> tuple[Settings, Path]:
    settings = load_settings(config)
    url = settings.state.url
    if url.file is None:
        message = f"state.url is not a SQLite file; {_OWN_TOOLS[url.kind]}"
        raise UsageError(message)
    return settings, url.file


@contextmanager
def _named_errors(failure: str) -> Iterator[None]:
    """Raise every error of the block as a UsageError that begins with `failure`.

    SIGTERM and SIGHUP end the block as SIGINT does, so that it leaves no half file. `nohup` still ignores SIGHUP.
    """
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
    for each in (each for each, handler in before.items() if handler is not signal.SIG_IGN):
        signal.signal(each, signal.default_int_handler)
    try:
        yield
    except (OSError, ValueError, sqlite3.Error, DamagedError, LockedError) as error:
        message = f"{failure}: {getattr(error, 'strerror', None) or error}"
        raise UsageError(message) from error
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _summary(file: Path, done: Repair, now: datetime, restored_line: str = "") -> str:
    kept = f"kept      {done.kept}\n" if done.kept else f"missing   {file} did not exist\n"
    strict = f"strict    requests signed and tokens issued up to {render(now)} are refused\n"
    return f"{kept}salvaged  {_rows(done.copied)}\n{restored_line}{strict}"


def _lost_period(backup: CopiedRows, now: datetime) -> str:
    since = f"from {render(from_microseconds(backup.newest))}" if backup.newest else "after the backup"
    return f"check     suspensions and payments {since} to {render(now)}: entries of that time may be lost\n"


def _rows(copied: CopiedRows) -> str:
    rows = ", ".join(f"{count} {table}" for table, count in copied.counts.items())
    return rows if copied.complete else f"{rows}; the rest cannot be read"
