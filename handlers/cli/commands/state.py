"""`snap-token state`: the file in which SQLite keeps the state."""

import sqlite3
import sys
from pathlib import Path

from cyclopts import App

from handlers.cli.errors import UsageError, settings_of
from handlers.server.process.assembly import system_clock
from handlers.snap.timestamp import render
from handlers.state.microseconds import to_microseconds
from handlers.state.sqlite.repair import Repair
from handlers.state.sqlite.repair import repair as repaired

HELP = """Repair the file of the state. Only for sqlite:///: other engines have tools of their own.

Example: snap-token state repair --config snap-token.toml
"""

app = App(name="state", help=HELP)


@app.command
def repair(*, config: Path) -> None:
    """Put a new file in the place of one that is damaged or gone, with all that can still be read.

    The old file is kept beside it. Some of its content may be lost, so the servers are strict for a while: a request
    that was signed before the repair gets 500 02, and a token that was issued before it opens nothing. Suspensions that
    cannot be read are lost: check them with `snap-token client list`.

    Running servers use the new file within a second. Also run this after you restore a backup of the file.

    Example: snap-token state repair --config snap-token.toml

    Args:
        config: The settings file.
    """
    file = settings_of(config).state.url.file
    if file is None:
        message = "state.url names no file of SQLite, so there is nothing to repair here; repair the engine itself"
        raise UsageError(message)
    now = system_clock()
    try:
        done = repaired(file, to_microseconds(now))
    except (OSError, ValueError, sqlite3.Error) as error:
        message = f"{file} is left as it is: {getattr(error, 'strerror', None) or error}"
        raise UsageError(message) from error
    sys.stdout.write(_told(file, done) + f"strict    what was signed or issued up to {render(now)} is refused\n")


def _told(file: Path, done: Repair) -> str:
    kept = f"kept      {done.backup}\n" if done.backup else f"missing   {file} was not there\n"
    rows = ", ".join(f"{count} {table}" for table, count in done.copied.counts.items())
    return f"{kept}salvaged  {rows}{'' if done.copied.complete else '; the rest cannot be read'}\n"
