"""SQLite behind the state port: one file, commits in groups, failures that pass."""

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

from handlers.state.port import SIGNED_REQUESTS, TIMEOUT_SECONDS, DataLossError, StateDownError
from handlers.state.sqlite.engine import SWEEP_EVERY, SWEPT_FOR_EACH, SqliteState
from handlers.state.sweeping import Sweeping
from tests.engines import NOON, SECOND, Uptime, asynchronous

NO_DATABASE = "it is damaged (file is not a database); run: snap-token state repair --config FILE"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Another process is writing and does not come to an end."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def _busy(file: Path) -> Iterator[None]:
    """Another process is writing for nine tenths of the time."""
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
    """No file grows beyond what the largest of the state's has already."""
    largest = max(each.stat().st_size for each in file.parent.iterdir())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def _spoilt(file: Path) -> Iterator[None]:
    good = file.read_bytes()
    file.write_bytes(b"spoilt" * 1_000)
    yield
    file.write_bytes(good)


def _rows(file: Path, table: str) -> int:
    with closing(sqlite3.connect(file)) as other:
        (count,) = other.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608  the test's own
    return int(count)


def _commits(file: Path) -> int:
    """Frames of the WAL that end a transaction: they tell the size of the database (SQLite, WAL-mode File Format)."""
    log = file.with_name(file.name + "-wal").read_bytes()
    page = int.from_bytes(log[8:12], "big")
    return sum(any(log[start + 4 : start + 8]) for start in range(32, len(log), 24 + page))


async def _fails(state: SqliteState, key: str = "key") -> float:
    """The seconds after which a call is told that the engine is down."""
    began = time.monotonic()
    with pytest.raises(StateDownError):
        await state.first_seen(key, 60, NOON)
    return time.monotonic() - began


@asynchronous
async def test_simultaneous_calls_share_a_transaction(file: Path) -> None:
    """Calls of one turn of the event loop are one commit, and so are all that come while it is written."""
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
    """While another holds the file each call is refused in time, and the first after it is answered."""
    state = SqliteState(file)
    with _locked(file):
        took = [asyncio.create_task(_fails(state))]
        await asyncio.sleep(0.1)
        took.append(asyncio.create_task(_fails(state)))
        assert max(await asyncio.gather(*took)) < TIMEOUT_SECONDS
        assert await state.revocations(NOON) == {}
        with pytest.raises(StateDownError, match="locked"):
            await state.revoke("client:A", NOON, 60)
    assert await state.first_seen("key", 60, NOON) is None
    await state.close()


@asynchronous
async def test_another_process_that_writes_much(file: Path) -> None:
    """A process that begins the next transaction right after the last leaves room enough for each call."""
    state = SqliteState(file)
    with _busy(file):
        assert [await state.first_seen(str(number), 60, NOON) for number in range(200)] == [None] * 200
    await state.close()


@asynchronous
async def test_an_event_loop_that_is_never_idle(file: Path) -> None:
    """A loop that has work without end, in short pieces, leaves room enough for the thread that writes."""
    state = SqliteState(file)
    answers = asyncio.gather(*(state.first_seen(str(number), 60, NOON) for number in range(50)))
    while not answers.done():
        sum(range(5_000))
        await asyncio.sleep(0)
    assert answers.result() == [None] * 50
    await state.close()


@asynchronous
async def test_a_clock_that_makes_waiting_fail(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a jump of the clock makes a short wait fail, no error comes of it, and each call is answered."""
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
    """On a full disk calls are refused; once there is room they are answered, and nothing that was answered is lost."""
    state = SqliteState(file)
    assert await state.first_seen("before", 60, NOON) is None
    with _full_disk(file):
        await _fails(state, "x" * 100_000)
        await _fails(state, "y" * 100_000)
    assert await state.first_seen("before", 60, NOON + SECOND) == NOON
    assert await state.first_seen("x" * 100_000, 60, NOON) is None
    await state.close()


@asynchronous
async def test_a_file_that_is_spoilt_and_mended(file: Path) -> None:
    """A damaged file refuses calls until it is put back, and then those that were signed before."""
    state = SqliteState(file)
    with _locked(file):
        await _fails(state)  # Whereupon the file is opened anew.
    with _spoilt(file):
        await _fails(state)
    with pytest.raises(DataLossError):
        await state.first_seen("key", 60, NOON)
    assert await state.first_seen("key", 60, NOON + SECOND) is None
    await state.close()


@asynchronous
async def test_what_is_over_is_swept(file: Path) -> None:
    """After some rows twice as many that are over go, if there are so many, and none that is live."""
    uptime = Uptime()
    state = SqliteState(file, Sweeping(0, uptime))
    await asyncio.gather(*(state.first_seen(f"short{number}", 60, NOON) for number in range(3 * SWEEP_EVERY)))
    await asyncio.gather(*(state.first_seen(f"long{number}", 900, NOON) for number in range(SWEEP_EVERY)))
    late = NOON + timedelta(seconds=60)
    uptime.pass_seconds(60)
    swept_first = SWEPT_FOR_EACH * SWEEP_EVERY
    await asyncio.gather(*(state.first_seen(f"a{number}", 60, late) for number in range(SWEEP_EVERY)))
    assert _rows(file, "seen") == 5 * SWEEP_EVERY - swept_first
    await state.first_seen("b", 60, late)
    assert _rows(file, "seen") == 2 * SWEEP_EVERY + 1
    assert await state.first_seen("long0", 60, late) == NOON
    await state.close()


@asynchronous
async def test_a_start_sweeps(file: Path) -> None:
    """However often it is started anew, what is over by more than a week does not pile up."""
    for number in range(5):
        state = SqliteState(file)
        now = NOON + number * timedelta(days=8)
        assert await state.first_seen("key", 60, now) is None
        assert await state.first_seen(f"other{number}", 60, now) is None
        await state.close()
    assert _rows(file, "seen") == 2


@asynchronous
async def test_repeats_among_the_calls_of_one_transaction(file: Path) -> None:
    """Calls that share a transaction are told apart: new ones, repeats of older ones, and repeats of each other."""
    state = SqliteState(file)
    await state.first_seen("old", 60, NOON)
    await state.first_seen("over", 1, NOON)
    later = NOON + SECOND
    keys = ("new", "old", "over", "new", "newer")
    before = _commits(file)
    told = await asyncio.gather(*(state.first_seen(key, 60, later) for key in keys))
    assert told == [None, NOON, None, later, None]
    assert _commits(file) - before == 1
    assert await state.first_seen("over", 60, later + SECOND) == later
    await state.close()


@asynchronous
async def test_revocations_that_ended_are_swept(file: Path) -> None:
    """A new revocation takes away those that ended."""
    uptime = Uptime()
    state = SqliteState(file, Sweeping(0, uptime))
    await state.revoke("client:A", NOON, 60)
    await state.revoke("client:B", NOON, 61)
    uptime.pass_seconds(60)
    await state.revoke("client:C", NOON + 60 * SECOND, 60)
    assert _rows(file, "revoked") == 2
    await state.close()


@asynchronous
async def test_a_file_that_lost_its_memory(file: Path) -> None:
    """Of calls that share a transaction those that were signed before the loss fail alone, and leave nothing."""
    state = SqliteState(file)
    await state.first_seen("seen", 60, NOON)
    await state.revoke(SIGNED_REQUESTS, NOON, 60)
    later = NOON + SECOND
    calls = [("old", NOON), ("new", later), ("old", NOON - SECOND), ("seen", later)]
    told = await asyncio.gather(
        *(state.first_seen(key, 60, later, signed_at) for key, signed_at in calls), return_exceptions=True
    )
    assert [told[1], told[3]] == [None, NOON]
    assert {type(told[0]), type(told[2])} == {DataLossError}
    assert await state.first_seen("old", 60, later) is None
    await state.close()


@asynchronous
async def test_a_closed_state_is_down(file: Path) -> None:
    """After the end nothing is answered, the log beside the file is gone, and closing twice is no error."""
    state = SqliteState(file)
    await state.close()
    await state.close()
    await _fails(state)
    assert [each.name for each in file.parent.iterdir()] == ["state.db"]


@asynchronous
async def test_it_closes_while_it_is_down(file: Path) -> None:
    """A state that fails can be closed."""
    state = SqliteState(file)
    with _locked(file):
        await _fails(state)
        await state.close()


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (lambda file: file.parent.rmdir(), "No such file or directory"),
        (lambda file: file.mkdir(mode=0o700), "it is not a regular file"),
        (lambda file: mkfifo(file, 0o600), "it is not a regular file"),
        (lambda file: file.symlink_to("/dev/zero"), "it is not a regular file"),
        (lambda file: file.touch(0o644), "other users can access it; run: chmod 600 {}"),
        (lambda file: (file.touch(0o600), file.write_bytes(b"spoilt" * 1_000)), NO_DATABASE),
    ],
)
def test_a_file_that_cannot_be_used_is_told_at_the_start(
    tmp_path: Path, spoil: Callable[[Path], object], cause: str
) -> None:
    """The start fails with the path and the cause."""
    file = tmp_path / "folder" / "state.db"
    file.parent.mkdir()
    spoil(file)
    with pytest.raises(ValueError, match="cannot be used") as refusal:
        SqliteState(file)
    assert str(refusal.value) == f"{file} cannot be used: {cause.format(file)}"
