"""SQLite files of earlier versions of the schema."""

import sqlite3
from contextlib import closing
from pathlib import Path


def make_version_1(file: Path) -> None:
    """Create a file as the first version of this server did, with a row in each table."""
    file.touch(0o600)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.executescript("""
            PRAGMA journal_mode = WAL;
            CREATE TABLE seen (key TEXT PRIMARY KEY, first INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
            CREATE INDEX seen_until ON seen (until);
            CREATE TABLE revoked (subject TEXT PRIMARY KEY, at INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
            PRAGMA user_version = 1;
            INSERT INTO seen VALUES ('key', 1, 2);
            INSERT INTO revoked VALUES ('client:A', 1, 2);
        """)
