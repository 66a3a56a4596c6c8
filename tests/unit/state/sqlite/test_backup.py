"""A backup of the SQLite file while servers use it."""

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from fcntl import LOCK_EX, flock
from pathlib import Path
from shutil import copyfile
from threading import Event, Thread

import pytest

from handlers.state.sqlite.backup import back_up
from handlers.state.sqlite.file import BACKUP_NUMBER, VERSION, DamagedError, open_file
from handlers.state.sqlite.locks import LockedError
from tests.programs import program, skip_or_fail
from tests.users import SERVER_GROUP, SERVER_USER, acting_as, give_all, open_folder, owner

ROWS = 3_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A state file with one row in each table."""
    file = tmp_path / "state.db"
    with closing(open_file(file)) as connection:
        connection.execute("INSERT INTO seen VALUES ('key', 1, 2)")
        connection.execute("INSERT INTO revoked VALUES ('token:1', 1, 2)")
        connection.execute("INSERT INTO suspended VALUES ('A', 1)")
    return file


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder / "backup.db"


def _rows(file: Path, query: str = "SELECT * FROM seen") -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


def _names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def test_it_is_one_complete_file(file: Path, target: Path) -> None:
    """The backup has every row, the version of the schema and the number of a backup. There is no second file."""
    with closing(open_file(file)) as server:
        server.execute("INSERT INTO seen VALUES ('in the log', 1, 2)")
        back_up(file, target)
    assert _names(target.parent) == {"backup.db"}
    with closing(sqlite3.connect(target)) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert copy.execute("PRAGMA application_id").fetchone() == (BACKUP_NUMBER,)
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert _rows(target) == [("in the log", 1, 2), ("key", 1, 2)]
    assert _rows(target, "SELECT * FROM revoked") == [("token:1", 1, 2)]
    assert _rows(target, "SELECT * FROM suspended") == [("A", 1)]


def test_only_its_owner_can_use_it(file: Path, target: Path) -> None:
    """The mode is 0600, with any umask."""
    before = os.umask(0)
    try:
        back_up(file, target)
    finally:
        os.umask(before)
    assert target.stat().st_mode & 0o777 == 0o600


@pytest.fixture
def writer(file: Path) -> Iterator[Thread]:
    """A server that commits two rows at a time, all the time. It gets the same file as the test."""
    ends = Event()

    def write() -> None:
        with closing(open_file(file)) as connection:
            for number in range(10_000_000):
                if ends.is_set():
                    return
                connection.execute("BEGIN IMMEDIATE")
                for part in "ab":
                    connection.execute("INSERT INTO seen VALUES (?, 1, 2)", (f"{number:08}{part}",))
                connection.execute("COMMIT")

    thread = Thread(target=write)
    thread.start()
    yield thread
    ends.set()
    thread.join()


def test_it_has_whole_transactions(file: Path, target: Path, writer: Thread) -> None:
    """While a server writes, a backup has each transaction wholly or not at all, and all that came before it began."""
    while len(_rows(file)) < ROWS:
        pass
    before = len(_rows(file))
    back_up(file, target)
    assert writer.is_alive()
    keys = [str(key) for key, *_ in _rows(target) if key != "key"]
    assert len(keys) >= before - 1
    assert keys == [f"{number:08}{part}" for number in range(len(keys) // 2) for part in "ab"]


def _killed(file: Path) -> None:
    """Leave the file and its companions as a killed server does."""
    folder = file.with_name("killed")
    folder.mkdir()
    with closing(open_file(file)) as server:
        server.execute("INSERT INTO seen VALUES ('in the log', 1, 2)")
        for each in file.parent.glob("state.db*"):
            copyfile(each, folder / each.name)
    for each in folder.iterdir():
        each.chmod(0o600)
        each.replace(file.with_name(each.name))


@pytest.mark.parametrize(("leave", "keys"), [(lambda _: None, ["key"]), (_killed, ["in the log", "key"])])
def test_no_server_runs(file: Path, target: Path, leave: Callable[[Path], None], keys: list[str]) -> None:
    """A backup also has the rows that a killed server left in its log. The next start sees no loss of data."""
    leave(file)
    back_up(file, target)
    assert [key for key, *_ in _rows(target)] == keys
    with closing(open_file(file)) as connection:
        assert connection.execute("SELECT subject FROM revoked").fetchall() == [("token:1",)]
        assert [key for (key,) in connection.execute("SELECT key FROM seen ORDER BY key")] == keys


def test_the_server_keeps_its_files(file: Path, target: Path) -> None:
    """A backup changes no file of a running server, and the server goes on writing to the same ones."""
    with closing(open_file(file)) as server:
        server.execute("INSERT INTO seen VALUES ('before', 1, 2)")
        before = {each.name: each.stat().st_ino for each in file.parent.glob("state.db*")}
        back_up(file, target)
        assert {each.name: each.stat().st_ino for each in file.parent.glob("state.db*")} == before
        server.execute("INSERT INTO seen VALUES ('after', 1, 2)")
    assert len(_rows(file)) == 3


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, lambda path: path.symlink_to("/nowhere")])
def test_nothing_is_overwritten(file: Path, target: Path, make: Callable[[Path], None]) -> None:
    """Whatever is at the target stays."""
    make(target)
    before = target.lstat()
    with pytest.raises(FileExistsError, match="File exists"):
        back_up(file, target)
    assert target.lstat().st_ino == before.st_ino
    assert _names(target.parent) == {"backup.db"}


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal", "-damaged"])
def test_a_name_that_the_state_store_uses(file: Path, suffix: str) -> None:
    """A backup is not written where the next start would take it for a part of the state file."""
    with pytest.raises(ValueError, match="the state store itself uses a file of this name; name another file"):
        back_up(file, file.parent / ".." / file.parent.name / f"{file.name}{suffix}")
    assert _names(file.parent) == {file.name}


def test_a_file_that_appears_meanwhile_stays(file: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another command writes to the target while the copy is made is not overwritten."""
    monkeypatch.setattr("handlers.state.sqlite.backup.require_usable", lambda _: target.touch())
    with pytest.raises(FileExistsError):
        back_up(file, target)
    assert target.read_bytes() == b""
    assert _names(target.parent) == {"backup.db"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 kB."""
    mount = tmp_path / "small"
    mount.mkdir()
    options = ("-t", "tmpfs", "-o", "size=16k", "tmpfs")
    if subprocess.run([program("mount"), *options, mount], capture_output=True, check=False).returncode:
        skip_or_fail("no file system can be mounted here")
    yield mount
    subprocess.run([program("umount"), "--lazy", mount], check=True)


def test_a_full_disk(file: Path, small_disk: Path) -> None:
    """If the disk is full, the error says so, and no part of a file is left."""
    with closing(open_file(file)) as server:
        server.executemany("INSERT INTO seen VALUES (?, 1, 2)", ((f"{number}",) for number in range(ROWS)))
    with pytest.raises(sqlite3.OperationalError, match="database or disk is full"):
        back_up(file, small_disk / "backup.db")
    assert _names(small_disk) == set()


def _of_another_program(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE ledger (amount)")


def _newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute(f"PRAGMA user_version = {VERSION + 1}")


def _damaged_page(file: Path) -> None:
    content = bytearray(file.read_bytes())
    place = content.index(b"token:1") // 4_096 * 4_096
    content[place : place + 200] = b"\xff" * 200
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (_of_another_program, ValueError, "the database of another program"),
        (_newer, ValueError, rf"schema {VERSION + 1}; this version supports {VERSION}"),
        (lambda file: os.truncate(file, 0), ValueError, "it is empty"),
        (lambda file: file.write_bytes(b"spoilt" * 1_000), DamagedError, "snap-token state repair"),
        (_damaged_page, DamagedError, "snap-token state repair"),
        (Path.unlink, FileNotFoundError, "No such file"),
    ],
)
def test_a_file_that_is_no_good(
    file: Path, target: Path, spoil: Callable[[Path], None], error: type[Exception], message: str
) -> None:
    """The file of another program or of a newer version, an empty, a damaged and a missing one have no backup."""
    spoil(file)
    with pytest.raises(error, match=message):
        back_up(file, target)
    assert _names(target.parent) == set()


def test_while_another_process_opens_it(file: Path, target: Path) -> None:
    """A lock of another process is waited for, but not for long."""
    folder = os.open(file.parent, os.O_RDONLY)
    flock(folder, LOCK_EX)
    with pytest.raises(LockedError, match="another process holds its lock"):
        back_up(file, target)
    os.close(folder)


def test_root_makes_a_backup_for_the_servers_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """All files belong to the server's user at every moment, so that a server can start while root makes a backup."""
    with open_folder() as folder:
        give_all(folder, SERVER_USER, SERVER_GROUP)
        file = folder / "state.db"
        with acting_as(SERVER_USER, SERVER_GROUP):
            open_file(file).close()
        meanwhile: dict[str, tuple[int, int]] = {}
        monkeypatch.setattr(
            "handlers.state.sqlite.backup.require_usable",
            lambda _: meanwhile.update((each.name, owner(each)) for each in folder.iterdir()),
        )
        back_up(file, folder / "backup.db")
        assert owner(folder / "backup.db") == (SERVER_USER, SERVER_GROUP)
        assert {"state.db", "state.db-wal", "state.db-shm"} < set(meanwhile)
        assert set(meanwhile.values()) == {(SERVER_USER, SERVER_GROUP)}


def test_the_servers_user_makes_a_backup_in_a_folder_of_root() -> None:
    """In a folder that others may write to, such as /tmp, the backup belongs to the user who makes it."""
    with open_folder() as folder, open_folder() as elsewhere:
        give_all(folder, SERVER_USER, SERVER_GROUP)
        elsewhere.chmod(0o1777)
        with acting_as(SERVER_USER, SERVER_GROUP):
            open_file(folder / "state.db").close()
            back_up(folder / "state.db", elsewhere / "backup.db")
        assert owner(elsewhere / "backup.db") == (SERVER_USER, SERVER_GROUP)
