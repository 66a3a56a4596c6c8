"""The SQLite file: its owner, its schema, and its durability."""

import os
import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from handlers.state.sqlite.backup import back_up
from handlers.state.sqlite.file import CHECKPOINT_PAGES, VERSION, DamagedError, open_file, require_supported
from handlers.state.sqlite.locks import START_SECONDS, LockedError
from tests.state_files import make_version_1
from tests.users import SERVER_GROUP, SERVER_USER, acting_as, give_all, open_folder

FULL = 2


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def _schema(file: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def test_only_the_owner_can_use_the_files(file: Path) -> None:
    """The database and its companions have mode 0600, with any umask."""
    with _umask(0), closing(open_file(file)) as connection:
        connection.execute("INSERT INTO seen VALUES ('key', 1, 2)")
        modes = {each.name: _mode(each) for each in file.parent.iterdir()}
    assert modes == {"state.db": 0o600, "state.db-wal": 0o600, "state.db-shm": 0o600}


def test_commits_are_on_the_disk(file: Path) -> None:
    """The file has a write-ahead log, and every commit waits for the disk, also after a restart."""
    for _ in range(2):
        with closing(open_file(file)) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            assert connection.execute("PRAGMA synchronous").fetchone() == (FULL,)


def test_the_write_ahead_log_is_bounded(file: Path) -> None:
    """The log grows to `CHECKPOINT_PAGES` pages. Then it is copied into the database, and starts again."""
    with closing(open_file(file)) as connection:
        (page,) = connection.execute("PRAGMA page_size").fetchone()
        for number in range(300):
            connection.execute("INSERT INTO seen VALUES (?, 1, 2)", (f"{number}{'x' * 20 * page}",))
        written = file.with_name("state.db-wal").stat().st_size / page
    assert CHECKPOINT_PAGES < written < 1.1 * CHECKPOINT_PAGES


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601], ids=oct)
def test_a_file_that_others_can_use_is_refused(file: Path, mode: int) -> None:
    """The message says how to change the file's mode."""
    file.touch()
    file.chmod(mode)
    with pytest.raises(ValueError, match=rf"other users can access it; run: chmod 600 {file}"):
        open_file(file)


def test_an_empty_file_is_accepted(file: Path) -> None:
    """An empty file gets the schema."""
    file.touch(0o600)
    with closing(open_file(file)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)


def test_a_file_keeps_its_rows(file: Path) -> None:
    """The rows stay when the file is opened again."""
    with closing(open_file(file)) as connection:
        connection.execute("INSERT INTO seen VALUES ('key', 1, 2)")
    with closing(open_file(file)) as connection:
        assert connection.execute("SELECT * FROM seen").fetchall() == [("key", 1, 2)]


def test_a_newer_schema_is_refused(file: Path) -> None:
    """The file of a newer version is refused, and does not change."""
    with closing(open_file(file)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = _schema(file)
    with pytest.raises(
        ValueError, match=r"a newer version of this server created it \(schema 3; this version supports 2\)"
    ):
        open_file(file)
    assert _schema(file) == before


def test_a_refusal_names_both_versions_and_the_way_out() -> None:
    """An older version of the server that meets a newer file says in one line what can be done."""
    with pytest.raises(ValueError, match="newer") as refused:
        require_supported(VERSION + 1)
    assert str(refused.value) == (
        f"a newer version of this server created it (schema {VERSION + 1}; this version supports {VERSION}); "
        "install that version, or restore an older backup: snap-token state restore BACKUP --config FILE"
    )


def test_an_older_schema_is_upgraded(file: Path) -> None:
    """A file of version 1 gets the current schema, and loses nothing."""
    make_version_1(file)
    new = file.with_name("new.db")
    for each in (file, new):
        with closing(open_file(each)) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert _schema(file) == _schema(new)
    with closing(open_file(file)) as connection:
        assert connection.execute("SELECT * FROM seen").fetchall() == [("key", 1, 2)]
        assert connection.execute("SELECT * FROM revoked").fetchall() == [("client:A", 1, 2)]


def test_many_can_upgrade_a_file_at_once(file: Path) -> None:
    """If many open a file of version 1 at the same time, all succeed."""
    make_version_1(file)
    with ThreadPoolExecutor(8) as threads:
        for opening in [threads.submit(open_file, file, None, START_SECONDS) for _ in range(8)]:
            opening.result().close()


def test_the_database_of_another_program_is_refused(file: Path) -> None:
    """The database of another program is refused, and does not change."""
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE ledger (amount)")
    file.chmod(0o600)
    before = _schema(file)
    with pytest.raises(ValueError, match="it is the database of another program"):
        open_file(file)
    assert _schema(file) == before


def test_many_can_start_at_once(tmp_path: Path) -> None:
    """If many create the same file at the same time, all succeed."""
    with ThreadPoolExecutor(8) as threads:
        for attempt in range(10):
            for opening in [
                threads.submit(open_file, tmp_path / f"{attempt}.db", None, START_SECONDS) for _ in range(8)
            ]:
                opening.result().close()


@pytest.mark.parametrize("left", ["state.db-wal", "state.db-shm"])
def test_a_database_that_disappeared(file: Path, left: str) -> None:
    """If a killed process left its log but no database, earlier requests and tokens are refused."""
    file.with_name(left).write_bytes(b"left")
    with closing(open_file(file, 100)) as connection:
        assert dict(connection.execute("SELECT subject, at FROM revoked")) == {"all": 100, "signed": 100}
    with closing(open_file(file, 200)) as connection:
        assert dict(connection.execute("SELECT subject, at FROM revoked")) == {"all": 100, "signed": 100}


def test_a_log_that_disappeared(file: Path) -> None:
    """An index without a log means that commits are lost, so earlier requests and tokens are refused."""
    open_file(file).close()
    file.with_name("state.db-shm").touch(0o600)
    with closing(open_file(file, 100)) as connection:
        assert dict(connection.execute("SELECT subject, at FROM revoked")) == {"all": 100, "signed": 100}


def test_a_thorough_check_finds_damage(file: Path) -> None:
    """The check of a starting server finds damage in any page."""
    with closing(open_file(file)) as connection:
        connection.executemany("INSERT INTO seen VALUES (?, 1, 2)", ((f"{number:032}",) for number in range(2_000)))
    content = bytearray(file.read_bytes())
    for place in (content.index(f"{1_000:032}".encode()) // 4_096 * 4_096 + 8, 4_096 * 3):
        damaged = content[:]
        damaged[place : place + 200] = b"\xff" * 200
        file.write_bytes(damaged)
        open_file(file).close()
        with pytest.raises(DamagedError, match="snap-token state repair"):
            open_file(file, thorough=True)


def test_a_file_that_cannot_be_written() -> None:
    """A server does not start with a file that it cannot write."""
    with open_folder(SERVER_USER, SERVER_GROUP) as folder, acting_as(SERVER_USER, SERVER_GROUP):
        file = folder / "state.db"
        open_file(file).close()
        file.chmod(0o400)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            open_file(file, thorough=True)


def test_opening_waits_for_a_lock(file: Path) -> None:
    """While another process holds a lock, opening waits, logs that, and fails after the timeout."""
    with closing(open_file(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            capture_logs() as log,
            pytest.raises(LockedError, match=r"holds its lock for more than 1\.3 s"),
        ):
            open_file(file, None, 1.3, thorough=True)
    assert [(line["event"], line["file"], line["seconds"]) for line in log] == [("state.waiting", str(file), 1.3)]


def test_a_backup_that_is_copied_into_place(file: Path) -> None:
    """Its first opening refuses earlier requests and tokens, and the log says so. A second opening changes nothing."""
    original = file.with_name("original.db")
    with closing(open_file(original)) as connection:
        connection.execute("INSERT INTO seen VALUES ('key', 1, 2)")
    back_up(original, file)
    with capture_logs() as log, closing(open_file(file, 100)) as connection:
        assert dict(connection.execute("SELECT subject, at FROM revoked")) == {"all": 100, "signed": 100}
        assert connection.execute("SELECT key FROM seen").fetchall() == [("key",)]
    cause = "a backup is in its place"
    assert log == [{"event": "state.replaced", "log_level": "error", "file": str(file), "cause": cause, "lost": True}]
    with capture_logs() as log, closing(open_file(file, 200)) as connection:
        assert dict(connection.execute("SELECT subject, at FROM revoked")) == {"all": 100, "signed": 100}
    assert log == []


@pytest.mark.parametrize("name", ["state.db", "state.db-wal", "state.db-shm"])
def test_a_file_of_another_user(name: str) -> None:
    """If root left one of the files, for example because it ran a command, the error names it and its owner."""
    with open_folder() as folder:
        give_all(folder, SERVER_USER, SERVER_GROUP)
        file = folder / "state.db"
        with acting_as(SERVER_USER, SERVER_GROUP):
            open_file(file).close()
        for each in (file, folder / "state.db-wal", folder / "state.db-shm"):
            each.touch(0o600)
            os.chown(each, SERVER_USER, SERVER_GROUP)
        os.chown(folder / name, 0, 0)
        advice = f"{name} belongs to another user (0); as root, run: chown {SERVER_USER} {folder / name}"
        with acting_as(SERVER_USER, SERVER_GROUP):
            for use in (open_file, lambda path: back_up(path, folder / "backup.db")):
                with pytest.raises(ValueError, match=re.escape(advice)):
                    use(file)
