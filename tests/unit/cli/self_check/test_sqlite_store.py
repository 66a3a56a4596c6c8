"""The checks of the SQLite file, on real files."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from handlers.cli.self_check.file_system import MOUNTS
from handlers.cli.self_check.finding import Finding
from handlers.cli.self_check.sqlite_store import check_sqlite
from handlers.state.sqlite.file import open_file
from handlers.state.sqlite.paths import damage_marker
from tests.users import SERVER_GROUP, SERVER_USER, acting_as, open_folder


def _check(file: Path, mounts: Path = MOUNTS) -> dict[str, Finding]:
    return {each.check: each for each in asyncio.run(check_sqlite(file, mounts))}


def _contents(folder: Path) -> dict[str, str]:
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    """A state file that no process uses."""
    file = tmp_path / "state.db"
    with closing(open_file(file)) as connection:
        connection.execute("INSERT INTO seen VALUES ('key', 1, 2)")
    return file


def test_a_closed_file_is_good_and_unchanged(state_file: Path) -> None:
    """The checks of a file that no process uses create and change no file."""
    before = _contents(state_file.parent)
    checks = _check(state_file)
    assert {check: each.severity for check, each in checks.items() if check != "state.file_system"} == {
        "state.latency": checks["state.latency"].severity,
        "state.integrity": "good",
    }
    assert checks["state.latency"].found.startswith("a commit of SQLite (journal mode WAL, synchronous FULL) takes ")
    assert _contents(state_file.parent) == before == {"state.db": before["state.db"]}


def test_an_open_file_is_good_and_still_works(state_file: Path) -> None:
    """While a server uses the file, the checks read the newest entries and leave the write-ahead log alone."""
    with closing(open_file(state_file)) as connection:
        connection.execute("INSERT INTO seen VALUES ('other', 1, 2)")
        before = set(_contents(state_file.parent))
        assert _check(state_file)["state.integrity"].severity == "good"
        assert set(_contents(state_file.parent)) == before == {"state.db", "state.db-wal", "state.db-shm"}
        assert connection.execute("SELECT count(*) FROM seen").fetchone() == (2,)


@pytest.mark.parametrize(
    "make",
    [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/full")],
    ids=["a pipe", "a folder", "a device"],
)
def test_what_is_no_regular_file_is_an_error(tmp_path: Path, make: Callable[[Path], object]) -> None:
    """SQLite would wait for the other end of a pipe without end."""
    make(tmp_path / "state.db")
    finding = _check(tmp_path / "state.db")["state.integrity"]
    assert (finding.severity, finding.advice) == ("error", "name a regular file in state.url")


def test_a_missing_file_is_skipped_and_not_created(tmp_path: Path) -> None:
    """Before the first start there is no file, and the check creates none."""
    assert _check(tmp_path / "state.db")["state.integrity"].severity == "skipped"
    assert list(tmp_path.iterdir()) == []


def _overwrite(file: Path) -> None:
    file.write_bytes(b"something else" * 100)


def _break_a_page(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:4_096] + b"\xff" * (len(content) - 4_096))


def _mark(file: Path) -> None:
    damage_marker(file).touch()


def _make_newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (_overwrite, "{file} cannot be read: file is not a database"),
        (_break_a_page, "{file} is damaged: "),
        (_mark, "a server found damage in {file}"),
        (_make_newer, "{file} is of a newer version of this server (schema 99, not 2)"),
    ],
)
def test_a_damaged_file_is_an_error(state_file: Path, damage: Callable[[Path], None], found: str) -> None:
    """Another content, a broken page, damage that a server has seen, and a newer version are errors."""
    damage(state_file)
    finding = _check(state_file)["state.integrity"]
    assert finding.severity == "error"
    assert finding.found.startswith(found.format(file=state_file))


def test_a_file_that_cannot_be_opened_is_an_error(state_file: Path) -> None:
    """If the file is not damaged, but SQLite cannot open it, the advice is not to repair it."""
    state_file.with_name("state.db-wal").mkdir()
    finding = _check(state_file)["state.integrity"]
    assert finding.severity == "error"
    assert finding.found.startswith(f"{state_file} cannot be read: ")
    assert finding.advice == "let the server's user read and write it, and run this again"


def test_a_network_file_system_is_found(state_file: Path, tmp_path: Path) -> None:
    """The file system of the state file is checked."""
    mounts = tmp_path / "mounts"
    mounts.write_text("server:/ / nfs4 rw 0 0\n")
    assert _check(state_file, mounts)["state.file_system"].severity == "error"


def test_a_folder_that_cannot_be_written_is_an_error() -> None:
    """If the server's user cannot create files beside the state file, SQLite cannot use it."""
    with open_folder() as folder:
        with acting_as(SERVER_USER, SERVER_GROUP):
            finding = _check(folder / "state.db")["state.latency"]
        assert (finding.severity, finding.found) == (
            "error",
            f"no state file can be used in {folder}: Permission denied",
        )
