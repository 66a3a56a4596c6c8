"""`snap-token state`: repair the SQLite file of the state store."""

import sqlite3
import sys
from pathlib import Path

from cyclopts import App

from handlers.cli.errors import UsageError, load_settings
from handlers.server.process.assembly import system_clock
from handlers.snap.timestamp import render
from handlers.state.microseconds import to_microseconds
from handlers.state.sqlite.repair import Repair
from handlers.state.sqlite.repair import repair as repaired

HELP = """Repair the SQLite file of the state store. Other state stores have their own tools.

Example: snap-token state repair --config snap-token.toml
"""

app = App(name="state", help=HELP)


@app.command
def repair(*, config: Path) -> None:
    """Replace a damaged or missing state file with a new one, which has all entries that can still be read.

    The old file stays beside the new one under another name. Some entries may be lost, so the servers refuse every
    request that was signed before the repair (500 02) and every token that was issued before it. Suspensions that
    cannot be read are lost. Check them with `snap-token client list`.

    Running servers use the new file within one second. Also run this command after you restore a backup of the file.

    Example: snap-token state repair --config snap-token.toml

    Args:
        config: The settings file.
    """
    file = load_settings(config).state.url.file
    if file is None:
        message = "state.url is not a SQLite file, so there is nothing to repair; use the tools of your state store"
        raise UsageError(message)
    now = system_clock()
    try:
        done = repaired(file, to_microseconds(now))
    except (OSError, ValueError, sqlite3.Error) as error:
        message = f"{file} cannot be repaired: {getattr(error, 'strerror', None) or error}"
        raise UsageError(message) from error
    sys.stdout.write(
        _summary(file, done) + f"strict    requests signed and tokens issued up to {render(now)} are refused\n"
    )


def _summary(file: Path, done: Repair) -> str:
    kept = f"kept      {done.backup}\n" if done.backup else f"missing   {file} did not exist\n"
    rows = ", ".join(f"{count} {table}" for table, count in done.copied.counts.items())
    return f"{kept}salvaged  {rows}{'' if done.copied.complete else '; the rest cannot be read'}\n"
