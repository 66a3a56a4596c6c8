"""A worker, in this process. A thread plays its supervisor."""

import signal
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from runpy import run_module
from socket import socket, socketpair

import httpx
import orjson
import pytest

from handlers.cli import startup, worker
from handlers.server.observability.json_line import JSON_LINE
from handlers.server.observability.log_turn import LOG_TURN
from handlers.server.observability.metrics.definitions import WORKER_STARTS
from handlers.server.process import sockets
from handlers.server.process.workers.messages import Assignment, Inherited, Order
from tests.document import TOKEN_PATH
from tests.listening import listening_on
from tests.merchant import BASE_PATH, write_settings
from tests.nicepay import Nicepay

PATIENCE = 60
"""Seconds."""


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """A worker changes the signal handlers, the log lines and the lock of the log for its whole process."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    JSON_LINE.use("snap")
    LOG_TURN.use(None)


@dataclass
class Supervisor:
    """The listeners, and the supervisor's end of the connection."""

    folder: Path
    link: socket
    theirs: socket
    listener: socket

    def assignment(self, config: Path, **others: Inherited) -> str:
        """The argument of a worker with these settings. Its listener is open on the address of the settings."""
        own = Inherited(self.listener.dup().detach(), "127.0.0.1", 0)
        listeners = {"server": own, **others}
        return Assignment(str(config), "crash", self.theirs.detach(), str(self.folder), listeners).as_argument()

    def visit(self) -> tuple[bytes, int]:
        """Wait until the worker serves, send a request, let the worker retire, and wait for its end."""
        report, *_signs = self.link.recv(10_000).splitlines()
        origin = sockets.origin(*self.listener.getsockname()[:2])
        status = httpx.get(f"{origin}{BASE_PATH}{TOKEN_PATH}", trust_env=False).status_code
        self.link.sendall(Order.RETIRE.value)
        while self.link.recv(1):  # A sign of life.
            pass
        return report, status


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    """A supervisor whose public listener is open."""
    ours, theirs = socketpair()
    ours.settimeout(PATIENCE)
    with ours, closing(theirs), listening_on("127.0.0.1", 0) as listener:
        yield Supervisor(tmp_path, ours, theirs, listener)


def _settings(folder: Path, nicepay: Nicepay, more: str = "") -> Path:
    extra = f'[server]\nport = 0\nworkers = 2\ndrain_seconds = 7\n[state]\nurl = "sqlite:///state.db"\n{more}'
    return write_settings(folder, nicepay, extra=extra)


@pytest.fixture
def settings(tmp_path: Path, nicepay: Nicepay, more: str) -> Path:
    """Settings with these tables in addition."""
    return _settings(tmp_path, nicepay, more)


def test_a_worker_serves_the_listener_of_its_supervisor(
    tmp_path: Path, nicepay: Nicepay, supervisor: Supervisor, capsys: pytest.CaptureFixture[str]
) -> None:
    """It reports what its settings want, answers requests, and ends when it retires. Its log lines name it."""
    starts = WORKER_STARTS("crash")._value.get()  # noqa: SLF001  the library has no public way to read a counter
    argument = supervisor.assignment(_settings(tmp_path, nicepay))
    with ThreadPoolExecutor() as pool:
        visit: Future[tuple[bytes, int]] = pool.submit(supervisor.visit)
        assert worker.main(argument) == 0
    assert visit.result() == (b'{"workers":2,"drain_seconds":7}', 405)
    (line,) = [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (line["event"], type(line["worker"])) == ("token.refused", int)
    assert WORKER_STARTS("crash")._value.get() == starts + 1  # noqa: SLF001  the same


def test_a_worker_that_cannot_start_says_why(
    tmp_path: Path, nicepay: Nicepay, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The supervisor gets all mistakes of the settings. The exit status of the module is 2."""
    config = _settings(tmp_path, nicepay, "[audit]\n")
    monkeypatch.setattr(sys, "argv", ["worker", supervisor.assignment(config)])
    monkeypatch.delitem(sys.modules, "handlers.cli.worker")
    with pytest.raises(SystemExit) as end:
        run_module("handlers.cli.worker", run_name="__main__")
    assert end.value.code == 2
    mistakes = [f"{config}: audit.dir: required", f"{config}: audit.key_file: required"]
    assert orjson.loads(supervisor.link.recv(10_000)) == {"mistakes": mistakes}


@pytest.mark.parametrize(
    ("more", "others"),
    [
        ("[internal]\nport = 0\n", {}),
        ("", {"internal": Inherited(0, "::1", 9080)}),
        ("[internal]\nport = 0\n", {"internal": Inherited(0, "::1", 9080)}),
    ],
    ids=["added", "removed", "changed"],
)
def test_another_address_needs_another_supervisor(
    settings: Path, supervisor: Supervisor, others: dict[str, Inherited]
) -> None:
    """A worker does not start if its settings have other addresses than those on which the supervisor listens."""
    assert worker.main(supervisor.assignment(settings, **others)) == 2
    (mistake,) = orjson.loads(supervisor.link.recv(10_000))["mistakes"]
    assert mistake == "internal: the address has changed; restart the whole server"


def test_a_broken_installation_is_a_mistake(
    tmp_path: Path, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a library is missing after an upgrade, the supervisor learns that, too."""
    monkeypatch.delattr(startup, "working", raising=False)
    monkeypatch.setitem(sys.modules, "handlers.cli.startup.working", None)
    assert worker.main(supervisor.assignment(tmp_path / "unread.toml")) == 2
    (mistake,) = orjson.loads(supervisor.link.recv(10_000))["mistakes"]
    assert mistake.startswith("this installation is not usable: import of handlers.cli.startup.working halted; ")
