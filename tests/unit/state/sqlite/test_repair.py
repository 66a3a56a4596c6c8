"""Replacing a file that is damaged or missing, also by a backup."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from fcntl import LOCK_EX, flock
from pathlib import Path
from stat import S_IMODE

import pytest

from handlers.state.port import ALL_TOKENS, SIGNED_REQUESTS
from handlers.state.sqlite.backup import back_up
from handlers.state.sqlite.file import VERSION, open_file
from handlers.state.sqlite.repair import repair, restore
from tests.state_files import make_version_1
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
    assert done.kept
    assert done.kept.read_bytes() == before
    assert done.kept.name.startswith("state.db.kept-2")
    assert _content(file) == ([("key", 1, 2)], {ALL_TOKENS: NOW, SIGNED_REQUESTS: NOW})
    assert S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_in_use(file: Path) -> None:
    """Rows that are only in the write-ahead log are copied too, and kept with the old file."""
    with closing(open_file(file)) as connection:
        connection.execute("INSERT INTO seen VALUES ('key', 1, 2)")
        done = repair(file, NOW)
        assert connection.execute("SELECT key FROM seen").fetchall() == [("key",)]
    assert done.kept
    assert done.kept.with_name(done.kept.name + "-wal").stat().st_size > 0
    assert _content(file)[0] == [("key", 1, 2)]


def test_a_command_that_is_killed_while_it_replaces_a_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite does not apply the log of the old file to the new file."""

    def replace_and_die(draft: Path, target: Path) -> None:
        """Give the draft its name, and end."""
        draft.rename(target)
        raise SystemExit

    with closing(open_file(file)) as connection:
        connection.execute("INSERT INTO seen VALUES ('key', 1, 2)")
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", replace_and_die)
            with pytest.raises(SystemExit):
                repair(file, NOW)
        assert not file.with_name("state.db-wal").exists()
        with closing(open_file(file, NOW + 1)) as new:
            assert new.execute("SELECT key FROM seen").fetchall() == [("key",)]
            assert new.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("content", [b"spoilt" * 1_000, b"", b"SQLite format 3\0" + bytes(4_080)])
def test_a_damaged_file(file: Path, content: bytes) -> None:
    """From a file that is not a database nothing is copied. The file is kept."""
    file.write_bytes(content)
    done = repair(file, NOW)
    assert not done.copied.complete
    assert done.kept
    assert done.kept.read_bytes() == content
    assert _content(file) == ([], {ALL_TOKENS: NOW, SIGNED_REQUESTS: NOW})


def test_a_missing_file(file: Path) -> None:
    """A new file is created, and earlier requests are refused."""
    assert repair(file, NOW).kept is None
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
    with pytest.raises(ValueError, match=r"it is|newer version"):
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


@pytest.fixture
def backup(file: Path) -> Path:
    """A backup, after which the state file got another row."""
    backup = file.with_name("backup.db")
    with closing(open_file(file)) as connection:
        connection.execute("INSERT INTO seen VALUES ('key', 1, 2)")
        connection.execute("INSERT INTO suspended VALUES ('A', 1)")
        back_up(file, backup)
        connection.execute("INSERT INTO seen VALUES ('later', 3, 4)")
    return backup


STRICT = {ALL_TOKENS: NOW, SIGNED_REQUESTS: NOW}


def _suspended(file: Path) -> list[str]:
    with closing(open_file(file)) as connection:
        return [client for (client,) in connection.execute("SELECT client_key FROM suspended")]


def test_a_missing_file_is_restored(file: Path, backup: Path) -> None:
    """The file gets the rows of the backup, and earlier requests are refused. The backup stays as it is."""
    file.unlink()
    before = backup.read_bytes()
    done = restore(file, backup, NOW)
    assert (done.kept, done.restored.counts) == (None, {"seen": 1, "revoked": 0, "suspended": 1})
    assert _content(file) == ([("key", 1, 2)], STRICT)
    assert _suspended(file) == ["A"]
    assert S_IMODE(file.stat().st_mode) == 0o600
    assert {each.name for each in file.parent.iterdir()} == {"state.db", "backup.db"}
    assert backup.read_bytes() == before


def test_a_restore_keeps_later_rows(file: Path, backup: Path) -> None:
    """Rows of the file that can be read stay beside those of the backup, and the file is kept under another name."""
    done = restore(file, backup, NOW)
    assert (done.copied.counts["seen"], done.restored.counts["seen"]) == (2, 1)
    assert _content(file) == ([("key", 1, 2), ("later", 3, 4)], STRICT)
    assert done.kept
    assert _content(done.kept)[0] == [("key", 1, 2), ("later", 3, 4)]


def test_a_restore_while_a_server_writes(file: Path, backup: Path) -> None:
    """The rows that are only in the write-ahead log of a running server stay too."""
    with closing(open_file(file)) as server:
        server.execute("INSERT INTO seen VALUES ('latest', 5, 6)")
        restore(file, backup, NOW)
    assert [key for key, *_ in _content(file)[0]] == ["key", "later", "latest"]


def test_an_older_version_takes_its_rows_from_a_newer_file(file: Path, backup: Path) -> None:
    """A roll-back loses nothing that the older version knows: its backup replaces the file of the newer version."""
    with closing(sqlite3.connect(file)) as newer:
        newer.execute("CREATE TABLE invented (anything)")
        newer.execute(f"PRAGMA user_version = {VERSION + 1}")
    done = restore(file, backup, NOW)
    assert done.copied.complete
    assert _content(file) == ([("key", 1, 2), ("later", 3, 4)], STRICT)


def test_a_backup_of_each_released_schema(file: Path) -> None:
    """A backup of version 1 of the schema is restored completely. It had no suspensions."""
    old = file.with_name("old.db")
    make_version_1(old)
    done = restore(file, old, NOW)
    assert (done.restored.complete, done.restored.counts) == (True, {"seen": 1, "revoked": 1, "suspended": 0})
    assert _content(file) == ([("key", 1, 2)], {"client:A": 1, **STRICT})


def _damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    place = content.rindex(b"key") // 4_096 * 4_096
    content[place : place + 200] = b"\xff" * 200
    file.write_bytes(content)


def _make_newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute(f"PRAGMA user_version = {VERSION + 1}")


def _make_foreign(file: Path) -> None:
    file.unlink()
    _of_another_program(file)


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (_damage, ValueError, "it cannot be read completely; use another backup"),
        (_make_newer, ValueError, rf"schema {VERSION + 1}; this version supports {VERSION}"),
        (_make_foreign, ValueError, "the database of another program"),
        (lambda backup: os.truncate(backup, 0), ValueError, "it is empty"),
        (lambda backup: backup.write_bytes(b"spoilt" * 1_000), ValueError, "it cannot be read completely"),
        (Path.unlink, FileNotFoundError, "No such file"),
    ],
)
def test_a_backup_that_is_no_good(
    file: Path, backup: Path, spoil: Callable[[Path], object], error: type[Exception], message: str
) -> None:
    """A backup that is damaged, empty, missing, newer, or of another program changes nothing."""
    spoil(backup)
    before = file.stat()
    with pytest.raises(error, match=message):
        restore(file, backup, NOW)
    assert file.stat() == before


def test_a_restore_leaves_another_programs_file_alone(file: Path, backup: Path) -> None:
    """If `state.url` names the database of another program, it stays."""
    _make_foreign(file)
    with pytest.raises(ValueError, match="the database of another program"):
        restore(file, backup, NOW)
    with closing(sqlite3.connect(file)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("ledger",)]
