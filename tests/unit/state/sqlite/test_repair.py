"""Replacing a file that is damaged or missing."""

import os
import sqlite3
from contextlib import closing
from fcntl import LOCK_EX, flock
from pathlib import Path
from stat import S_IMODE

import pytest

from handlers.state.port import ALL_TOKENS, SIGNED_REQUESTS
from handlers.state.sqlite.file import VERSION, open_file
from handlers.state.sqlite.repair import repair
from tests.users import SERVER_GROUP, SERVER_USER, acting_as, give_all, open_folder, owner

NOW = 1_700_000_000_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def _make(file: Path) -> None:
    with closing(open_file(file)) as connection:
        connection.execute("INSERT INTO seen VALUES ('key', 1, 2)")


def _content(file: Path) -> tuple[list[tuple[object, ...]], dict[str, int]]:
    with closing(open_file(file)) as connection:
        seen = connection.execute("SELECT * FROM seen").fetchall()
        return seen, dict(connection.execute("SELECT subject, at FROM revoked"))


def test_an_undamaged_file(file: Path) -> None:
    """All rows are copied, earlier requests are refused, and the old file is kept unchanged."""
    _make(file)
    before = file.read_bytes()
    done = repair(file, NOW)
    assert (done.copied.complete, done.copied.counts["seen"]) == (True, 1)
    assert done.backup
    assert done.backup.read_bytes() == before
    assert done.backup.name.startswith("state.db.kept-2")
    assert _content(file) == ([("key", 1, 2)], {ALL_TOKENS: NOW, SIGNED_REQUESTS: NOW})
    assert S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_in_use(file: Path) -> None:
    """Rows that are only in the write-ahead log are copied too, and kept with the old file."""
    with closing(open_file(file)) as connection:
        connection.execute("INSERT INTO seen VALUES ('key', 1, 2)")
        done = repair(file, NOW)
        assert connection.execute("SELECT key FROM seen").fetchall() == [("key",)]
    assert done.backup
    assert done.backup.with_name(done.backup.name + "-wal").stat().st_size > 0
    assert _content(file)[0] == [("key", 1, 2)]


@pytest.mark.parametrize("content", [b"spoilt" * 1_000, b"", b"SQLite format 3\0" + bytes(4_080)])
def test_a_damaged_file(file: Path, content: bytes) -> None:
    """From a file that is not a database nothing is copied. The file is kept."""
    file.write_bytes(content)
    done = repair(file, NOW)
    assert not done.copied.complete
    assert done.backup
    assert done.backup.read_bytes() == content
    assert _content(file) == ([], {ALL_TOKENS: NOW, SIGNED_REQUESTS: NOW})


def test_a_missing_file(file: Path) -> None:
    """A new file is created, and earlier requests are refused."""
    assert repair(file, NOW).backup is None
    assert _content(file) == ([], {ALL_TOKENS: NOW, SIGNED_REQUESTS: NOW})


def test_a_link_to_the_file(file: Path) -> None:
    """The link stays, and the file to which it leads is replaced."""
    _make(file)
    link = file.with_name("link.db")
    link.symlink_to(file)
    repair(link, NOW)
    assert link.is_symlink()
    assert _content(file) == ([("key", 1, 2)], {ALL_TOKENS: NOW, SIGNED_REQUESTS: NOW})


def _of_another_program(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE ledger (amount)")


def _newer(file: Path) -> None:
    _make(file)
    with closing(sqlite3.connect(file)) as other:
        other.execute(f"PRAGMA user_version = {VERSION + 1}")


@pytest.mark.parametrize("make", [_of_another_program, _newer, os.mkfifo])
def test_other_files_are_not_replaced(file: Path, make: object) -> None:
    """The file of another program or a newer version stays, and so does anything but a regular file."""
    assert callable(make)
    make(file)
    before = file.stat()
    with pytest.raises(ValueError, match="it is"):
        repair(file, NOW)
    assert file.stat().st_ino == before.st_ino


def test_while_another_process_opens_it(file: Path) -> None:
    """While another process holds the lock, nothing changes."""
    _make(file)
    folder = os.open(file.parent, os.O_RDONLY)
    flock(folder, LOCK_EX)
    with pytest.raises(BlockingIOError, match="another process holds its lock"):
        repair(file, NOW)
    os.close(folder)


def test_root_repairs_for_the_servers_user() -> None:
    """The new file belongs to the owner of the old file, or of the folder, and that user can use it."""
    with open_folder() as folder:
        file = folder / "state.db"
        give_all(folder, SERVER_USER, SERVER_GROUP)
        for _ in range(2):
            repair(file, NOW)
            assert owner(file) == (SERVER_USER, SERVER_GROUP)
        with acting_as(SERVER_USER, SERVER_GROUP):
            assert _content(file)[0] == []
