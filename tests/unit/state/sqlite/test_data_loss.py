"""A loss of data, and the rows that can still be read."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from handlers.state.port import ALL_TOKENS, LOSS_SECONDS, SIGNED_REQUESTS
from handlers.state.sqlite.data_loss import copy_readable_rows, record_data_loss
from handlers.state.sqlite.file import open_file

ROWS = 2_000
LEAF = 0x0A
"""The first byte of a leaf page (SQLite, Database File Format, 1.6)."""


@pytest.fixture
def new(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_file(tmp_path / "new.db")) as new:
        yield new


def _full(file: Path) -> None:
    with closing(open_file(file)) as old:
        old.executemany("INSERT INTO seen VALUES (?, 1, 2)", ((f"{number:032}",) for number in range(ROWS)))
        old.execute("INSERT INTO revoked VALUES ('client:A', 5, 9)")
        old.execute("INSERT INTO suspended VALUES ('A', 1)")


def test_all_rows_are_copied(tmp_path: Path, new: sqlite3.Connection) -> None:
    """Every row is copied. Rows in the new file stay, and revocations get the later time."""
    _full(tmp_path / "old.db")
    new.execute("INSERT INTO seen VALUES (?, 7, 8)", (f"{5:032}",))
    new.execute("INSERT INTO revoked VALUES ('client:A', 3, 11)")
    with closing(open_file(tmp_path / "old.db")) as old:
        copied = copy_readable_rows(old, new)
    assert (copied.complete, copied.counts) == (True, {"seen": ROWS, "revoked": 1, "suspended": 1})
    assert new.execute("SELECT count(*) FROM seen").fetchone() == (ROWS,)
    assert new.execute("SELECT first FROM seen WHERE key = ?", (f"{5:032}",)).fetchone() == (7,)
    assert new.execute("SELECT * FROM revoked").fetchall() == [("client:A", 5, 11)]
    assert new.execute("SELECT * FROM suspended").fetchall() == [("A", 1)]


def test_unreadable_rows_are_skipped(tmp_path: Path, new: sqlite3.Connection) -> None:
    """The rows before and after a damaged page are copied, and the copy is not complete."""
    file = tmp_path / "old.db"
    _full(file)
    content = bytearray(file.read_bytes())
    keys, page = [f"{number:032}".encode() for number in (ROWS // 2, ROWS // 2 + 1)], 4_096
    for place in range(0, len(content), page):
        if content[place] == LEAF and any(key in content[place : place + page] for key in keys):
            content[place : place + page] = b"\xff" * page
    file.write_bytes(content)
    with closing(sqlite3.connect(file)) as old:
        copied = copy_readable_rows(old, new)
    assert not copied.complete
    found = {key for (key,) in new.execute("SELECT key FROM seen")}
    assert ROWS * 0.8 < len(found) < ROWS
    assert {f"{0:032}", f"{ROWS - 1:032}"} <= found
    assert copied.counts["suspended"] == 1


def test_a_loss_refuses_earlier_requests_and_tokens(new: sqlite3.Connection) -> None:
    """Tokens are covered up to the loss, and requests up to the latest X-TIMESTAMP."""
    record_data_loss(new, 100, 40)
    assert new.execute("SELECT * FROM revoked ORDER BY subject").fetchall() == [
        (ALL_TOKENS, 100, 100 + LOSS_SECONDS * 1_000_000),
        (SIGNED_REQUESTS, 100, 100 + LOSS_SECONDS * 1_000_000),
    ]
    record_data_loss(new, 50, 140)
    assert dict(new.execute("SELECT subject, at FROM revoked")) == {ALL_TOKENS: 100, SIGNED_REQUESTS: 140}


@pytest.mark.parametrize("time", ["soon", 2**63 - 1, None])
def test_a_row_with_an_impossible_time_is_skipped(tmp_path: Path, new: sqlite3.Connection, time: object) -> None:
    """Such a row is not copied, the rows around it are, and the copy is not complete."""
    file = tmp_path / "old.db"
    open_file(file).close()
    with closing(sqlite3.connect(file, isolation_level=None)) as old:
        old.execute("DROP TABLE suspended")
        old.execute("CREATE TABLE suspended (client_key TEXT, at)")
        old.executemany("INSERT INTO suspended VALUES (?, ?)", [("A", 1), ("B", time), ("C", 3)])
        copied = copy_readable_rows(old, new)
    assert (copied.complete, copied.newest) == (False, 3)
    assert new.execute("SELECT * FROM suspended").fetchall() == [("A", 1), ("C", 3)]
