"""The table of the state stores in the docs: what each of them loses when something fails.

Each cell has a test, or the reason why there is none. No test can cut the power. The disk then has what was flushed. So
the tests show that an answer waits for the flush, and that a copy of the files from that moment has what was answered.
"""

import asyncio
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.state.port import DataLossError, Engine, StateDownError
from tests.e2e.process import run
from tests.engines import NOON, PERSISTENT, REDIS_SERVERS, SECOND, RedisServer, asynchronous, opened
from tests.pages import ROOT, page
from tests.programs import program

FAULTS = ("the instance is killed", "the engine is killed", "the power fails", "a standby takes over")

_HERE = "tests/unit/test_durability_table.py"
_CONTRACT = "tests/unit/state/test_contract.py::test_no_answer_is_lost_when_the_process_is_killed"
_SERVER_KILLED = "tests/e2e/test_kill.py::test_a_kill_loses_no_accepted_request"
_REDIS = "tests/unit/state/redis/test_engine.py"
_POSTGRESQL = "tests/unit/state/postgresql"
_WARNINGS = "tests/unit/config/test_setting_warnings.py"

CELLS = {
    "sqlite": (
        (_CONTRACT, _SERVER_KILLED),
        "SQLite is a library in the process of the instance",
        (
            f"{_HERE}::test_sqlite_flushes_before_it_answers",
            f"{_HERE}::test_a_copy_of_the_sqlite_files_has_the_answers",
        ),
        "SQLite has no standby",
    ),
    "redis": (
        (_CONTRACT, _SERVER_KILLED),
        (
            f"{_REDIS}::test_no_answer_is_lost_when_redis_is_killed",
            f"{_WARNINGS}::test_a_redis_without_append_only_file_is_warned_of",
        ),
        (f"{_HERE}::test_a_redis_that_lost_its_last_second", f"{_REDIS}::test_a_redis_that_has_an_older_copy"),
        (f"{_REDIS}::test_a_replica_that_takes_over", f"{_REDIS}::test_a_replica_that_lacks_the_last_commands"),
    ),
    "postgresql": (
        (_CONTRACT, _SERVER_KILLED),
        (f"{_POSTGRESQL}/test_engine.py::test_no_answer_is_lost_when_postgresql_is_killed",),
        # PostgreSQL itself flushes before it answers a commit, if its settings say so.
        (
            f"{_POSTGRESQL}/test_engine.py::test_a_commit_waits_for_the_disk",
            f"{_WARNINGS}::test_a_postgresql_that_does_not_flush_is_warned_of",
        ),
        (
            f"{_POSTGRESQL}/test_session.py::test_a_synchronous_standby_takes_over",
            f"{_POSTGRESQL}/test_session.py::test_a_standby_takes_over_without_the_last_commits",
        ),
    ),
    "memory": (
        "the data is a part of the memory of the instance",
        "it is a part of the process of the instance",
        "the data is a part of the memory of the instance",
        "it has no standby",
    ),
}
"""For each engine and each of `FAULTS`: its tests, or the reason why it has none."""

TESTS = sorted({test for cells in CELLS.values() for cell in cells if isinstance(cell, tuple) for test in cell})


@pytest.mark.parametrize("language", ["en", "id"])
def test_the_table_has_these_cells(language: str) -> None:
    """The table has a row for each engine, and in each row a cell for each fault."""
    rows = re.findall(r"^\| \[?`([a-z]+)[^`]*:/.*\|$", page("several-instances", language), re.MULTILINE)
    lines = [line for line in page("several-instances", language).splitlines() if re.match(r"\| \[?`[a-z+]+:/", line)]
    assert sorted(rows) == sorted(CELLS)
    assert {len(line.strip("|").split(" | ")) for line in lines} == {2 + len(FAULTS)}
    assert {len(cells) for cells in CELLS.values()} == {len(FAULTS)}


@pytest.mark.parametrize("test", TESTS)
def test_each_test_exists(test: str) -> None:
    """A test that a cell names exists."""
    file, _, name = test.partition("::")
    assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")


def test_sqlite_flushes_before_it_answers(tmp_path: Path) -> None:
    """A key gets no answer while a part of the write-ahead log is not flushed to the disk."""
    trace = tmp_path / "trace"
    watch = (program("strace"), "-f", "-y", "-o", trace, "-e", "trace=pwrite64,fdatasync,write")
    recorded = run(*watch, sys.executable, "-m", "tests.record_keys", f"sqlite:///{tmp_path}/state.db", "1")
    assert recorded.returncode == 0, recorded.stderr
    assert set(_answers(trace)) == {True}


def _answers(trace: Path) -> Iterator[bool]:
    """For each answer in the output of strace, whether all that was written to the log before it was flushed."""
    unflushed, has_flushed = False, False
    for line in trace.read_text().splitlines():
        if "state.db-wal>" in line and "pwrite64(" in line:
            unflushed = True
        elif "state.db-wal>" in line and "fdatasync(" in line:
            unflushed, has_flushed = False, True
        elif " write(1<" in line:
            yield has_flushed and not unflushed


@asynchronous
async def test_a_copy_of_the_sqlite_files_has_the_answers(tmp_path: Path) -> None:
    """The database and its log, as they are right after an answer, have what was answered."""
    copy = tmp_path / "copy"
    copy.mkdir()
    async with opened("sqlite:///state.db", tmp_path) as state:
        assert await state.first_seen("key", 60, NOON) is None
        await state.suspend("A", NOON)
        for name in ("state.db", "state.db-wal"):
            shutil.copy(tmp_path / name, copy)
    async with opened("sqlite:///state.db", copy) as state:
        assert await state.first_seen("key", 60, NOON) == NOON
        assert await state.revocations(NOON) == {"suspended:A": NOON}


@asynchronous
async def test_a_redis_that_lost_its_last_second(tmp_path: Path) -> None:
    """If Redis starts with an append-only file that lacks the last commands, the instance refuses what was lost."""
    server = RedisServer(REDIS_SERVERS[0], tmp_path, PERSISTENT)
    server.start("--appendfsync", "always")
    async with opened(server.url) as state:
        assert await state.first_seen("kept", 60, NOON) is None
        shutil.copytree(tmp_path / "appendonlydir", tmp_path / "flushed")
        assert await state.first_seen("lost", 60, NOON + SECOND) is None
        server.stop()
        shutil.rmtree(tmp_path / "appendonlydir")
        (tmp_path / "flushed").rename(tmp_path / "appendonlydir")
        server.start()
        try:
            with pytest.raises(DataLossError):
                await _ask_again(state)
            assert await state.first_seen("new", 60, NOON + 3 * SECOND) is None
        finally:
            server.stop()


async def _ask_again(state: Engine) -> None:
    """Send the call whose record is lost. The first attempts find a connection that has ended."""
    while True:
        try:
            await state.first_seen("lost", 60, NOON + 2 * SECOND, NOON + SECOND)
        except DataLossError:
            raise
        except StateDownError:
            await asyncio.sleep(0)
