"""The file of SQLite is taken away, cut or overwritten while two processes use it: no external id passes twice."""

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from fcntl import LOCK_EX, flock
from itertools import count
from pathlib import Path
from time import monotonic

import pytest

from handlers.state.sqlite.file import open_file
from tests.e2e.conftest import COMMAND
from tests.e2e.instances import TABLES, Answer, Instance, Payments, instances, signed_now
from tests.e2e.process import PATIENCE, run, running
from tests.merchant import write_settings
from tests.nicepay import Nicepay

FEW = 5
Fault = Callable[[Path], object]


def _put_another_in_its_place(file: Path) -> None:
    other = file.with_name("other.db")
    other.touch(0o600)
    other.replace(file)


def _empty_the_folder(file: Path) -> None:
    for each in file.parent.glob("state.db*"):
        each.unlink()


def _overwrite(file: Path) -> None:
    with file.open("r+b") as database:
        database.write(b"spoilt" * 2_000)


TAKEN_AWAY: dict[str, Fault] = {
    "deleted": Path.unlink,
    "moved": lambda file: file.rename(file.with_name("elsewhere.db")),
    "replaced": _put_another_in_its_place,
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


class House:
    """Two instances on one file, and what NICEPAY had accepted."""

    def __init__(self, folder: Path, nicepay: Nicepay) -> None:
        self.settings = write_settings(folder, nicepay, extra=TABLES + '[state]\nurl = "sqlite:///state.db"\n')
        self.file = folder / "state.db"
        self._nicepay = nicepay
        self._names = count()
        self._accepted: list[dict[str, str]] = []

    @contextmanager
    def served(self) -> Iterator[list[Instance]]:
        with instances(self.settings, self.settings) as both:
            yield both
            for each in both:
                each.process.send_signal(signal.SIGTERM)
                assert each.process.status() == 0

    def pay(self, instance: Instance) -> None:
        """A token and a call of now are served, at the latest when what may be lost is over."""
        deadline = monotonic() + PATIENCE
        while True:
            with instance.public() as public:
                asked = public.ask(signed_now(self._nicepay))
            if asked.status == 200:
                call = Payments(self._nicepay, asked.token).call(f"ordNo{next(self._names)}")
                if self._send(instance, call).status == 200:
                    self._accepted.append(call)
                    return
            assert monotonic() < deadline

    @staticmethod
    def _send(instance: Instance, call: dict[str, str]) -> Answer:
        with instance.internal() as internal:
            return internal.authorise(call)

    def assert_none_passes_again(self, both: list[Instance]) -> None:
        statuses = {self._send(instance, call).status for call in self._accepted for instance in both}
        assert statuses <= {401, 409, 500}

    def use(self, both: list[Instance]) -> None:
        for _ in range(FEW):
            for instance in both:
                self.pay(instance)
        self.assert_none_passes_again(both)


@pytest.fixture
def house(tmp_path: Path, nicepay: Nicepay) -> House:
    return House(tmp_path, nicepay)


@pytest.mark.parametrize("fault", TAKEN_AWAY.values(), ids=TAKEN_AWAY)
def test_a_file_that_is_taken_away(house: House, fault: Fault) -> None:
    """Each process notices by itself, goes on with what it knew, and so does the next start."""
    with house.served() as both:
        house.use(both)
        fault(house.file)
        house.assert_none_passes_again(both)
        for each in both:
            assert each.process.err.event("state.replaced")["file"] == str(house.file)
        house.use(both)
    with house.served() as both:
        house.assert_none_passes_again(both)
        house.use(both)


@pytest.mark.parametrize("fault", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file(house: House, fault: Fault) -> None:
    """Nothing is served from a damaged file; a line a second names the command that mends it, and then all goes on."""
    with house.served() as both:
        house.use(both)
        fault(house.file)
        house.assert_none_passes_again(both)
        for each in both:
            assert "snap-token state repair" in each.process.err.event("state.damaged")["cause"]
            each.process.err.event("state.damaged")
        repaired = run(COMMAND, "state", "repair", "--config", house.settings)
        assert (repaired.returncode, repaired.stderr) == (0, "")
        house.assert_none_passes_again(both)
        house.use(both)
    with house.served() as both:
        house.assert_none_passes_again(both)
        house.use(both)


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
def test_a_start_waits_with_a_word_and_an_end(
    house: House, locked: Callable[[Path], AbstractContextManager[None]]
) -> None:
    """While another process holds a lock, a start says that it waits, and ends after ten seconds with status 2."""
    with locked(house.file), running(COMMAND, "serve", "--config", house.settings) as process:
        assert process.err.event("state.waiting")["seconds"] == 10
        assert process.status() == 2
        assert "another process holds its lock for more than 10 s" in "".join(process.err)


def test_a_start_goes_on_when_the_lock_is_free(house: House) -> None:
    """A start that waits serves once the lock is free."""
    with ExitStack() as stack:
        lock = stack.enter_context(ExitStack())
        lock.enter_context(_folder_locked(house.file))
        process = stack.enter_context(running(COMMAND, "serve", "--config", house.settings))
        process.err.event("state.waiting")
        lock.close()
        process.err.event("server.listening")


def test_a_start_on_a_damaged_file(house: House) -> None:
    """It ends with status 2 and a line that names the command that mends it; after that a start serves."""
    house.file.touch(0o600)
    house.file.write_bytes(b"spoilt" * 2_000)
    refused = run(COMMAND, "serve", "--config", house.settings)
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert "snap-token state repair" in line
    assert run(COMMAND, "state", "repair", "--config", house.settings).returncode == 0
    with house.served() as both:
        house.use(both)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("fault", ["deleted", "log deleted"])
def test_an_end_in_the_same_moment(house: House, fault: str, end: signal.Signals) -> None:
    """Though both processes end before they can notice it, the next start serves nothing that came before."""
    with instances(house.settings, house.settings) as both:
        house.use(both)
        for each in both:
            each.process.send_signal(signal.SIGSTOP)
        TAKEN_AWAY[fault](house.file)
        for each in both:
            each.process.send_signal(end)
            each.process.send_signal(signal.SIGCONT)
        for each in both:
            each.process.status()
    with house.served() as both:
        house.assert_none_passes_again(both)
        house.use(both)
