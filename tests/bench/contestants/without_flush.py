"""The product whose commits in SQLite do not wait for the disk. A loss of power may lose the last requests."""

import sqlite3
import sys

from handlers.cli import main as snap_token
from handlers.state.sqlite import file
from tests.bench.contestants import place

_prepare = file._prepare  # noqa: SLF001  the server has no setting for this


def _prepare_without_flush(connection: sqlite3.Connection) -> None:
    _prepare(connection)
    connection.execute("PRAGMA synchronous = NORMAL")


def main() -> int:
    file._prepare = _prepare_without_flush  # noqa: SLF001
    return snap_token(["serve", "--config", str(place.folder() / "snap-token.toml")])


if __name__ == "__main__":
    sys.exit(main())
