"""SQLite's file is removed, damaged, restored or made by another version: no external id is accepted twice."""

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from fcntl import LOCK_EX, flock
from itertools import count
from pathlib import Path
from shutil import copy
from time import monotonic

import pytest

from handlers.state.sqlite.file import VERSION, open_file
from tests.e2e.instances import TABLES, Instance, Payments, instances, signed_now
from tests.e2e.process import COMMAND, PATIENCE, run, running
from tests.merchant import write_settings
from tests.nicepay import Nicepay

ROUNDS = 5
Fault = Callable[[Path], object]


def _replace_file(file: Path) -> None:
    other = file.with_name("other.db")
    other.touch(0o600)
    other.replace(file)


def _empty_the_folder(file: Path) -> None:
    for each in file.parent.glob("state.db*"):
        each.unlink()


def _overwrite(file: Path) -> None:
    with file.open("r+b") as database:
        database.write(b"spoilt" * 2_000)


REMOVED: dict[str, Fault] = {
    "deleted": Path.unlink,
    "moved": lambda file: file.rename(file.with_name("elsewhere.db")),
    "replaced": _replace_file,
    "all deleted": _empty_the_folder,
    "log deleted": lambda file: file.with_name("state.db-wal").unlink(),
    "log cut": lambda file: os.truncate(file.with_name("state.db-wal"), 0),
    "index deleted": lambda file: file.with_name("state.db-shm").unlink(),
}
DAMAGED: dict[str, Fault] = {
    "cut": lambda file: os.truncate(file, 100),
    "emptied": lambda file: os.truncate(file, 0),
    "overwritten": _overwrite,
}


class Pair:
    """Two instances with one state file, and the calls of NICEPAY that they accepted."""

    def __init__(self, folder: Path, nicepay: Nicepay) -> None:
        self.settings = write_settings(folder, nicepay, extra=TABLES + '[state]\nurl = "sqlite:///state.db"\n')
        self.file = folder / "state.db"
        self._nicepay = nicepay
        self._names = count()
        self._accepted: list[dict[str, str]] = []

    @contextmanager
    def served(self, number: int = 2) -> Iterator[list[Instance]]:
        """Run both instances in the block, or another number. At its end SIGTERM must end them with status 0."""
        with instances(*[self.settings] * number) as started:
            yield started
            for each in started:
                each.process.send_signal(signal.SIGTERM)
                assert each.process.status() == 0

    def pay(self, instance: Instance) -> None:
        """Send new token requests and calls until a call is accepted."""
        deadline = monotonic() + PATIENCE
        while True:
            answer = instance.ask(signed_now(self._nicepay))
            if answer.status == 200:
                call = Payments(self._nicepay, answer.token).call(f"ordNo{next(self._names)}")
                if instance.authorise(call).status == 200:
                    self._accepted.append(call)
                    return
            assert monotonic() < deadline

    def assert_no_replay_is_accepted(self, both: list[Instance]) -> None:
        statuses = {instance.authorise(call).status for call in self._accepted for instance in both}
        assert statuses <= {401, 409, 500}

    def use(self, both: list[Instance]) -> None:
        """Send new calls to both instances, and check that no replay is accepted."""
        for _ in range(ROUNDS):
            for instance in both:
                self.pay(instance)
        self.assert_no_replay_is_accepted(both)


@pytest.fixture
def pair(tmp_path: Path, nicepay: Nicepay) -> Pair:
    return Pair(tmp_path, nicepay)


@pytest.mark.parametrize("fault", REMOVED.values(), ids=REMOVED)
def test_a_removed_file_is_noticed(pair: Pair, fault: Fault) -> None:
    """Each process notices that its file was removed and keeps its records, and so does the next start."""
    with pair.served() as both:
        pair.use(both)
        fault(pair.file)
        pair.assert_no_replay_is_accepted(both)
        for each in both:
            assert each.process.err.event("state.replaced")["file"] == str(pair.file)
        pair.use(both)
    with pair.served(1) as next_start:
        pair.assert_no_replay_is_accepted(next_start)
        pair.use(next_start)


@pytest.mark.parametrize("fault", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_stops_the_service_until_repair(pair: Pair, fault: Fault) -> None:
    """While the file is damaged, requests are refused and the log names the command that repairs it."""
    with pair.served() as both:
        pair.use(both)
        fault(pair.file)
        pair.assert_no_replay_is_accepted(both)
        for each in both:
            assert "snap-token state repair" in each.process.err.event("state.damaged")["cause"]
            each.process.err.event("state.damaged")
        repaired = run(COMMAND, "state", "repair", "--config", pair.settings)
        assert (repaired.returncode, repaired.stderr) == (0, "")
        pair.assert_no_replay_is_accepted(both)
        pair.use(both)
    with pair.served(1) as next_start:
        pair.assert_no_replay_is_accepted(next_start)
        pair.use(next_start)


@contextmanager
def _folder_locked(file: Path) -> Iterator[None]:
    descriptor = os.open(file.parent, os.O_RDONLY)
    try:
        flock(descriptor, LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _database_locked(file: Path) -> Iterator[None]:
    with closing(open_file(file)), closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


@pytest.mark.parametrize("locked", [_folder_locked, _database_locked])
def test_a_start_waits_ten_seconds_for_a_lock(
    pair: Pair, locked: Callable[[Path], AbstractContextManager[None]]
) -> None:
    """While another process holds a lock, a start logs that it waits, and ends after ten seconds with status 2."""
    with locked(pair.file), running(COMMAND, "serve", "--config", pair.settings) as process:
        assert process.err.event("state.waiting")["seconds"] == 10
        assert process.status() == 2
        assert "another process holds its lock for more than 10 s" in "".join(process.err)


def test_a_start_continues_when_the_lock_is_free(pair: Pair) -> None:
    """A waiting start serves as soon as the lock is free."""
    with ExitStack() as stack:
        lock = stack.enter_context(ExitStack())
        lock.enter_context(_folder_locked(pair.file))
        process = stack.enter_context(running(COMMAND, "serve", "--config", pair.settings))
        process.err.event("state.waiting")
        lock.close()
        process.err.event("server.listening")


def test_a_start_with_a_damaged_file_fails(pair: Pair) -> None:
    """A start with a damaged file ends with status 2 and names the repair command, after which a start succeeds."""
    pair.file.touch(0o600)
    pair.file.write_bytes(b"spoilt" * 2_000)
    refused = run(COMMAND, "serve", "--config", pair.settings)
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert "snap-token state repair" in line
    assert run(COMMAND, "state", "repair", "--config", pair.settings).returncode == 0
    with pair.served(1) as next_start:
        pair.use(next_start)


def _state(pair: Pair, command: str, *arguments: Path) -> None:
    done = run(COMMAND, "state", command, *arguments, "--config", pair.settings)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("restored", ["by the command", "by hand"])
def test_a_backup_is_restored_after_a_loss(pair: Pair, restored: str) -> None:
    """A backup is made while both serve. After all is lost it is restored, and no earlier call is accepted again."""
    backup = pair.file.with_name("backup.db")
    with pair.served() as both:
        pair.use(both)
        _state(pair, "backup", backup)
        pair.use(both)
    _empty_the_folder(pair.file)
    if restored == "by the command":
        _state(pair, "restore", backup)
    else:
        copy(backup, pair.file)
    with pair.served(1) as next_start:
        pair.assert_no_replay_is_accepted(next_start)
        pair.use(next_start)


def test_a_backup_is_restored_while_both_serve(pair: Pair) -> None:
    """Both use the restored file, and keep what they recorded after the backup."""
    backup = pair.file.with_name("backup.db")
    with pair.served() as both:
        pair.use(both)
        _state(pair, "backup", backup)
        pair.use(both)
        _state(pair, "restore", backup)
        pair.assert_no_replay_is_accepted(both)
        pair.use(both)


def test_an_upgrade_and_a_roll_back(pair: Pair) -> None:
    """After one instance was upgraded, the other goes on, but cannot start again until its version restores a backup.

    The upgrade is played by a planted version number.
    """
    backup = pair.file.with_name("backup.db")
    with pair.served() as both:
        pair.use(both)
        _state(pair, "backup", backup)
        with closing(sqlite3.connect(pair.file)) as newer:
            newer.execute("CREATE TABLE invented (anything)")
            newer.execute(f"PRAGMA user_version = {VERSION + 1}")
        pair.use(both)
    refused = run(COMMAND, "serve", "--config", pair.settings)
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert f"schema {VERSION + 1}; this version supports {VERSION}" in line
    assert "snap-token state restore BACKUP" in line
    _state(pair, "restore", backup)
    with pair.served(1) as next_start:
        pair.assert_no_replay_is_accepted(next_start)
        pair.use(next_start)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("fault", ["deleted", "log deleted"])
def test_both_processes_end_before_they_notice(pair: Pair, fault: str, end: signal.Signals) -> None:
    """If both processes end before they notice the removed file, the next start still accepts no replay."""
    with instances(pair.settings, pair.settings) as both:
        pair.use(both)
        for each in both:
            each.process.send_signal(signal.SIGSTOP)
        REMOVED[fault](pair.file)
        for each in both:
            each.process.send_signal(end)
            each.process.send_signal(signal.SIGCONT)
        for each in both:
            each.process.status()
    with pair.served(1) as next_start:
        pair.assert_no_replay_is_accepted(next_start)
        pair.use(next_start)
