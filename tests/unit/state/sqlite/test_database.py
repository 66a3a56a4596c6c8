"""The database as one process uses it: a missing file is replaced, and a damaged file is not used."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from handlers.state.port import ALL_TOKENS, SIGNED_REQUESTS
from handlers.state.sqlite.database import Database
from handlers.state.sqlite.file import DamagedError, open_file
from handlers.state.sqlite.repair import repair
from handlers.state.sqlite.watch import FileChangedError

NOW = 1_700_000_000_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    """A database with one key."""
    database = Database(file)
    database.run(_remember("before"), NOW)
    yield database
    database.close()


def _remember(key: str) -> Callable[[sqlite3.Connection], object]:
    return lambda connection: connection.execute("INSERT INTO seen VALUES (?, 1, 2)", (key,))


def _keys(connection: sqlite3.Connection) -> list[str]:
    return [key for (key,) in connection.execute("SELECT key FROM seen ORDER BY key")]


def _lost(connection: sqlite3.Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT subject, at FROM revoked"))


def _move(file: Path) -> None:
    file.rename(file.with_name("moved.db"))


def _replace(file: Path) -> None:
    _move(file)
    with closing(open_file(file)) as other:
        _remember("other")(other)


@pytest.mark.parametrize(
    "fault",
    [
        Path.unlink,
        _move,
        _replace,
        lambda file: file.with_name("state.db-wal").unlink(),
        lambda file: file.with_name("state.db-shm").unlink(),
        lambda file: file.with_name("state.db-wal").rename(file.with_name("log")),
    ],
)
def test_a_missing_file_is_replaced(file: Path, database: Database, fault: Callable[[Path], object]) -> None:
    """The current work fails. The next work finds all earlier rows, also those of the failed work."""
    fault(file)
    with pytest.raises(FileChangedError, match=r"state\.db"):
        database.run(_remember("at hand"), NOW)
    with capture_logs() as log:
        assert {"before", "at hand"} <= set(database.run(_keys, NOW))
    (line,) = log
    assert (line["event"], line["lost"], line["seen"]) == ("state.replaced", False, 2)
    with closing(sqlite3.connect(file)) as other:
        assert {"before", "at hand"} <= set(_keys(other))


def test_a_truncated_log(file: Path, database: Database) -> None:
    """Its rows may be lost. So the current work fails, and the next work uses a new file."""
    os.truncate(file.with_name("state.db-wal"), 0)
    with pytest.raises(FileChangedError, match=r"state\.db-wal became shorter"):
        database.run(_keys, NOW)
    with capture_logs() as log:
        database.run(_remember("after"), NOW)
    assert [line["event"] for line in log] == ["state.replaced"]
    assert Path(log[0]["kept"]).exists()


def test_a_file_that_comes_back(file: Path, database: Database) -> None:
    """A file that is missing only for a moment is used again."""
    _move(file)
    with pytest.raises(FileChangedError):
        database.run(_keys, NOW)
    file.with_name("moved.db").rename(file)
    with capture_logs() as log:
        assert database.run(_keys, NOW) == ["before"]
    assert log == []


def test_a_folder_that_is_missing_for_a_while(file: Path, database: Database) -> None:
    """All work fails while the folder is missing, and nothing is lost."""
    folder = file.parent.rename(file.parent.with_name(f"{file.parent.name}-elsewhere"))
    for _ in range(3):
        with pytest.raises((FileChangedError, OSError)):
            database.run(_keys, NOW)
    file.parent.mkdir()
    assert database.run(_keys, NOW) == ["before"]
    assert (folder / "state.db").exists()


def _cut(file: Path) -> None:
    os.truncate(file, 100)


def _overwrite(file: Path) -> None:
    with file.open("r+b") as database:
        database.write(b"damage")


@pytest.mark.parametrize("fault", [_cut, _overwrite])
def test_a_damaged_file_is_not_used(file: Path, database: Database, fault: Callable[[Path], object]) -> None:
    """All work fails until another file is there. Then earlier requests and tokens are refused."""
    database.latest_signed = NOW + 5
    fault(file)
    with capture_logs() as log:
        for _ in range(3):
            with pytest.raises(DamagedError, match="snap-token state repair --config FILE"):
                database.run(_keys, NOW)
    (line,) = log
    assert line["event"] == "state.damaged"
    assert "snap-token state repair" in line["cause"]
    repair(file, NOW - 1)
    with capture_logs() as log:
        database.run(_keys, NOW)
    assert (log[0]["event"], log[0]["lost"]) == ("state.replaced", True)
    assert database.run(_lost, NOW) == {ALL_TOKENS: NOW, SIGNED_REQUESTS: NOW + 5}


def test_a_damaged_file_that_is_put_back(file: Path, database: Database) -> None:
    """The damage lost data. So the next opening, and only that one, refuses earlier requests and tokens."""
    sound = file.read_bytes()
    _overwrite(file)
    with pytest.raises(DamagedError):
        database.run(_keys, NOW)
    database.close()
    file.write_bytes(sound)
    with closing(open_file(file, NOW + 5)) as again:
        assert _lost(again) == {ALL_TOKENS: NOW + 5, SIGNED_REQUESTS: NOW + 5}
    with closing(open_file(file, NOW + 9)) as again:
        assert _lost(again) == {ALL_TOKENS: NOW + 5, SIGNED_REQUESTS: NOW + 5}


def test_a_repaired_file_has_no_damage_marker(file: Path, database: Database) -> None:
    """The repair refuses earlier requests and tokens, and no later opening does that again."""
    _overwrite(file)
    with pytest.raises(DamagedError):
        database.run(_keys, NOW)
    repair(file, NOW + 5)
    with closing(open_file(file, NOW + 9)) as again:
        assert _lost(again) == {ALL_TOKENS: NOW + 5, SIGNED_REQUESTS: NOW + 5}


def test_a_file_in_which_sqlite_finds_damage(file: Path, database: Database) -> None:
    """If SQLite reports damage, the file counts as damaged, and the transaction is rolled back."""

    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        _remember("undone")(connection)
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    for _ in range(2):
        with pytest.raises(DamagedError, match="malformed"):
            database.run(fail, NOW)
    file.unlink()
    assert database.run(_keys, NOW) == ["before"]
    assert database.run(_lost, NOW) == {ALL_TOKENS: NOW, SIGNED_REQUESTS: NOW}


def _fail(_connection: sqlite3.Connection) -> None:
    message = "database is locked"
    raise sqlite3.OperationalError(message)


def test_another_failure(file: Path, database: Database) -> None:
    """After another failure the file is opened again, and nothing is lost if it is the same file."""
    with pytest.raises(sqlite3.OperationalError):
        database.run(_fail, NOW)
    assert database.run(_keys, NOW) == ["before"]
    assert database.run(_lost, NOW) == {}
    with pytest.raises(sqlite3.OperationalError):
        database.run(_fail, NOW)
    file.unlink()
    with capture_logs() as log:
        assert database.run(_keys, NOW) == []
    assert [line["event"] for line in log] == ["state.replaced"]
    assert database.run(_lost, NOW) == {ALL_TOKENS: NOW, SIGNED_REQUESTS: NOW}


def test_closing_copies_the_rows_of_a_missing_file(file: Path, database: Database) -> None:
    """The rows of a file that is removed just before `close` are copied."""
    for each in file.parent.iterdir():
        each.unlink()
    database.close()
    with closing(sqlite3.connect(file)) as other:
        assert _keys(other) == ["before"]


def test_closing_without_a_folder(file: Path, database: Database) -> None:
    """`close` succeeds even if no file can be created."""
    file.parent.rename(file.parent.with_name(f"{file.parent.name}-elsewhere"))
    database.close()
    database.close()


def test_copying_rows_is_tried_again(file: Path, database: Database) -> None:
    """If the new file cannot be written, the rows are copied later."""
    file.unlink()
    with pytest.raises(FileChangedError):
        database.run(_keys, NOW)
    with closing(open_file(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            database.run(_keys, NOW)
    assert database.run(_keys, NOW) == ["before"]


@pytest.mark.parametrize("fault", [Path.unlink, lambda file: file.with_name("state.db-wal").unlink()])
def test_a_process_that_is_killed_before_it_has_copied_the_rows(
    file: Path, database: Database, monkeypatch: pytest.MonkeyPatch, fault: Callable[[Path], object]
) -> None:
    """The next process finds the new file without the rows. It refuses what depends on lost rows."""
    fault(file)
    with pytest.raises(FileChangedError):
        database.run(_keys, NOW)
    with monkeypatch.context() as patch:
        patch.setattr("handlers.state.sqlite.database.copy_readable_rows", _killed)
        with pytest.raises(SystemExit):
            database.run(_keys, NOW)
    next_process = Database(file)
    assert next_process.run(_lost, NOW).keys() == {ALL_TOKENS, SIGNED_REQUESTS}
    assert next_process.run(_keys, NOW) == []
    next_process.close()


def _killed(*_: object) -> None:
    raise SystemExit


def test_files_that_disappear_while_they_are_opened(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be watched is not used."""
    monkeypatch.setattr("handlers.state.sqlite.watch._stat", _gone)
    with pytest.raises(FileNotFoundError):
        Database(file)


def _gone(_name: str) -> os.stat_result:
    raise FileNotFoundError
