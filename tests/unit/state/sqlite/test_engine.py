"""SQLite behind the state port: one file, grouped commits, and recovery after failures."""

import asyncio
import resource
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from os import mkfifo
from pathlib import Path
from threading import Event

import pytest

from handlers.state.port import SIGNED_REQUESTS, DataLossError, StateDownError
from handlers.state.sqlite.engine import DELETED_FOR_EACH, SWEEP_EVERY, SqliteState
from handlers.state.sweeping import Sweeping
from tests.engines import NOON, SECOND, Uptime, asynchronous, opened

NO_DATABASE = "it is damaged (file is not a database); run: snap-token state repair --config FILE"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@contextmanager
def _locked(file: Path) -> Iterator[sqlite3.Connection]:
    """Another process has a write transaction that does not end."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


@contextmanager
def _busy(file: Path) -> Iterator[None]:
    """Another process writes 90 % of the time."""
    enough = Event()

    def write() -> None:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            while not enough.wait(0.003):
                other.execute("BEGIN IMMEDIATE")
                enough.wait(0.03)
                other.execute("COMMIT")

    with ThreadPoolExecutor(1) as thread:
        thread.submit(write)
        try:
            yield
        finally:
            enough.set()


@contextmanager
def _full_disk(file: Path) -> Iterator[None]:
    """No file can grow beyond the largest file of the state."""
    largest = max(each.stat().st_size for each in file.parent.iterdir())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def _damaged(file: Path) -> Iterator[None]:
    good = file.read_bytes()
    file.write_bytes(b"damage" * 1_000)
    yield
    file.write_bytes(good)


def _rows(file: Path, table: str) -> int:
    with closing(sqlite3.connect(file)) as other:
        (count,) = other.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608  the test's own
    return int(count)


def _commits(file: Path) -> int:
    """The number of frames in the WAL that end a transaction (SQLite, WAL-mode File Format)."""
    log = file.with_name(file.name + "-wal").read_bytes()
    page = int.from_bytes(log[8:12], "big")
    return sum(any(log[start + 4 : start + 8]) for start in range(32, len(log), 24 + page))


async def _fails(state: SqliteState, key: str = "key") -> float:
    """The seconds until a call fails because the engine is down."""
    began = time.monotonic()
    with pytest.raises(StateDownError):
        await state.first_seen(key, 60, NOON)
    return time.monotonic() - began


@asynchronous
async def test_simultaneous_calls_share_a_transaction(file: Path) -> None:
    """Calls of one turn of the event loop share a commit. So do all calls that come during that commit."""
    state = SqliteState(file)
    before = _commits(file)
    first = [asyncio.create_task(state.first_seen(f"a{number}", 60, NOON)) for number in range(50)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await asyncio.gather(*(state.first_seen(f"b{number}", 60, NOON) for number in range(50))) == [None] * 50
    assert await asyncio.gather(*first) == [None] * 50
    assert _commits(file) - before == 2
    await state.close()


@asynchronous
async def test_another_process_that_keeps_writing(file: Path) -> None:
    """While another process locks the file, each call fails. The first call after that succeeds."""
    state = SqliteState(file)
    with _locked(file):
        await asyncio.gather(_fails(state), _fails(state))
        assert await state.revocations(NOON) == {}
        with pytest.raises(StateDownError, match="locked"):
            await state.revoke("client:A", NOON, 60)
    assert await state.first_seen("key", 60, NOON) is None
    await state.close()


@asynchronous
async def test_a_transaction_of_another_process_that_ends_in_time(file: Path) -> None:
    """A slow disk can let another process need more than 0.2 s for its commit. No call fails because of that."""
    state = SqliteState(file)
    with _locked(file) as other:
        asyncio.get_running_loop().call_later(0.25, other.rollback)
        assert await asyncio.gather(*(state.first_seen(key, 60, NOON) for key in "ab")) == [None, None]
    assert await state.first_seen("a", 60, NOON + SECOND) == NOON
    await state.close()


@asynchronous
async def test_a_call_that_waited_too_long_is_not_recorded(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call without time for its commit fails, and is not recorded. So the client's next attempt is no repeat."""
    state = SqliteState(file)
    monkeypatch.setattr("handlers.state.sqlite.engine.BUSY_SECONDS", 0.0)
    with _locked(file) as other:
        asyncio.get_running_loop().call_later(0.05, other.rollback)
        await _fails(state, "key")
    monkeypatch.undo()
    assert await state.first_seen("key", 60, NOON) is None
    await state.close()


@asynchronous
async def test_another_process_that_writes_often(file: Path) -> None:
    """Calls succeed although another process begins a transaction right after each of its own."""
    state = SqliteState(file)
    with _busy(file):
        assert [await state.first_seen(str(number), 60, NOON) for number in range(200)] == [None] * 200
    await state.close()


@asynchronous
async def test_an_event_loop_that_is_never_idle(file: Path) -> None:
    """Calls succeed although the event loop always has short pieces of work."""
    state = SqliteState(file)
    answers = asyncio.gather(*(state.first_seen(str(number), 60, NOON) for number in range(50)))
    while not answers.done():
        sum(range(5_000))
        await asyncio.sleep(0)
    assert answers.result() == [None] * 50
    await state.close()


@asynchronous
async def test_a_clock_that_makes_sleep_fail(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a clock jump makes a sleep fail, calls still get answers, and there is no error."""
    slept: list[float] = []

    def fail(seconds: float) -> None:
        slept.append(seconds)
        raise OSError(22, "Invalid argument")

    errors: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    monkeypatch.setattr("handlers.state.sqlite.engine.time.sleep", fail)
    state = SqliteState(file)
    number = 0
    while len(slept) < 2:
        assert await state.first_seen(str(number := number + 1), 60, NOON) is None
        with _locked(file):
            await _fails(state)
    await state.close()
    assert errors == []


@asynchronous
async def test_a_full_disk(file: Path) -> None:
    """Calls are refused while the disk is full. After that they succeed, and no earlier answer is lost."""
    state = SqliteState(file)
    assert await state.first_seen("before", 60, NOON) is None
    with _full_disk(file):
        await _fails(state, "x" * 100_000)
        await _fails(state, "y" * 100_000)
    assert await state.first_seen("before", 60, NOON + SECOND) == NOON
    assert await state.first_seen("x" * 100_000, 60, NOON) is None
    await state.close()


@asynchronous
async def test_a_file_that_is_damaged_and_put_back(file: Path) -> None:
    """Calls fail while the file is damaged. After that, earlier requests are refused."""
    state = SqliteState(file)
    with _locked(file):
        await _fails(state)  # After this failure, the file is opened again.
    with _damaged(file):
        await _fails(state)
    with pytest.raises(DataLossError):
        await state.first_seen("key", 60, NOON)
    assert await state.first_seen("key", 60, NOON + SECOND) is None
    await state.close()


@asynchronous
async def test_expired_rows_are_deleted(file: Path) -> None:
    """After `SWEEP_EVERY` new rows, up to twice as many expired rows are deleted, and no live row."""
    uptime = Uptime()
    state = SqliteState(file, Sweeping(0, uptime))
    await asyncio.gather(*(state.first_seen(f"short{number}", 60, NOON) for number in range(3 * SWEEP_EVERY)))
    await asyncio.gather(*(state.first_seen(f"long{number}", 900, NOON) for number in range(SWEEP_EVERY)))
    late = NOON + timedelta(seconds=60)
    uptime.pass_seconds(60)
    deleted_first = DELETED_FOR_EACH * SWEEP_EVERY
    await asyncio.gather(*(state.first_seen(f"a{number}", 60, late) for number in range(SWEEP_EVERY)))
    assert _rows(file, "seen") == 5 * SWEEP_EVERY - deleted_first
    await state.first_seen("b", 60, late)
    assert _rows(file, "seen") == 2 * SWEEP_EVERY + 1
    assert await state.first_seen("long0", 60, late) == NOON
    await state.close()


@asynchronous
async def test_restarts_delete_expired_rows(file: Path) -> None:
    """Many restarts do not let rows pile up that expired more than a week ago."""
    for number in range(5):
        state = SqliteState(file)
        now = NOON + number * timedelta(days=8)
        assert await state.first_seen("key", 60, now) is None
        assert await state.first_seen(f"other{number}", 60, now) is None
        await state.close()
    assert _rows(file, "seen") == 2


@asynchronous
async def test_repeats_among_the_calls_of_one_transaction(file: Path) -> None:
    """One transaction distinguishes new keys, repeats of older keys, and repeats in itself."""
    state = SqliteState(file)
    await state.first_seen("old", 60, NOON)
    await state.first_seen("over", 1, NOON)
    later = NOON + SECOND
    keys = ("new", "old", "over", "new", "newer")
    before = _commits(file)
    answers = await asyncio.gather(*(state.first_seen(key, 60, later) for key in keys))
    assert answers == [None, NOON, None, later, None]
    assert _commits(file) - before == 1
    assert await state.first_seen("over", 60, later + SECOND) == later
    await state.close()


@asynchronous
async def test_ended_revocations_are_deleted(file: Path) -> None:
    """A new revocation deletes those that have ended."""
    uptime = Uptime()
    state = SqliteState(file, Sweeping(0, uptime))
    await state.revoke("client:A", NOON, 60)
    await state.revoke("client:B", NOON, 61)
    uptime.pass_seconds(60)
    await state.revoke("client:C", NOON + 60 * SECOND, 60)
    assert _rows(file, "revoked") == 2
    await state.close()


@asynchronous
async def test_a_file_that_lost_data(file: Path) -> None:
    """Of one transaction, only the requests from before the loss fail, and they are not recorded."""
    state = SqliteState(file)
    await state.first_seen("seen", 60, NOON)
    await state.revoke(SIGNED_REQUESTS, NOON, 60)
    later = NOON + SECOND
    calls = [("old", NOON), ("new", later), ("old", NOON - SECOND), ("seen", later)]
    answers = await asyncio.gather(
        *(state.first_seen(key, 60, later, signed_at) for key, signed_at in calls), return_exceptions=True
    )
    assert [answers[1], answers[3]] == [None, NOON]
    assert {type(answers[0]), type(answers[2])} == {DataLossError}
    assert await state.first_seen("old", 60, later) is None
    await state.close()


@asynchronous
async def test_a_row_with_an_impossible_time(file: Path) -> None:
    """It makes the state store unavailable, and the cause names the command that skips such rows."""
    async with opened("sqlite:///state.db", file.parent) as state:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("INSERT INTO suspended VALUES ('A', ?)", (2**63 - 1,))
            other.execute("INSERT INTO seen VALUES ('bad', 'soon', ?)", (2**63 - 1,))
        for call in (state.revocations(NOON), state.first_seen("bad", 1, NOON)):
            with pytest.raises(StateDownError, match=r"impossible time.*; run: snap-token state repair"):
                await call
        assert await state.first_seen("good", 1, NOON) is None


@asynchronous
async def test_a_closed_state_is_down(file: Path) -> None:
    """After `close`, calls fail, the log file is gone, and a second `close` is no error."""
    state = SqliteState(file)
    await state.close()
    await state.close()
    await _fails(state)
    assert [each.name for each in file.parent.iterdir()] == ["state.db"]


@asynchronous
async def test_it_closes_while_it_is_down(file: Path) -> None:
    """A state that is down can be closed."""
    state = SqliteState(file)
    with _locked(file):
        await _fails(state)
        await state.close()


@pytest.mark.parametrize(
    ("damage", "cause"),
    [
        (lambda file: file.parent.rmdir(), "No such file or directory"),
        (lambda file: file.mkdir(mode=0o700), "it is not a regular file"),
        (lambda file: mkfifo(file, 0o600), "it is not a regular file"),
        (lambda file: file.symlink_to("/dev/zero"), "it is not a regular file"),
        (lambda file: file.touch(0o644), "other users can access it; run: chmod 600 {}"),
        (lambda file: (file.touch(0o600), file.write_bytes(b"damage" * 1_000)), NO_DATABASE),
    ],
)
def test_a_file_that_cannot_be_used_stops_the_start(
    tmp_path: Path, damage: Callable[[Path], object], cause: str
) -> None:
    """The start fails with the path and the cause."""
    file = tmp_path / "folder" / "state.db"
    file.parent.mkdir()
    damage(file)
    with pytest.raises(ValueError, match="cannot be used") as refusal:
        SqliteState(file)
    assert str(refusal.value) == f"{file} cannot be used: {cause.format(file)}"
