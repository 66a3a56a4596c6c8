"""The supervisor of several workers. Small processes act as the workers, and a thread sends the signals."""

import json
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from queue import Queue

import pytest

from handlers.cli import main
from handlers.cli.startup import supervising
from handlers.server.process.workers.messages import Assignment
from handlers.server.process.workers.supervisor import Supervisor
from tests.acting_worker import command
from tests.listening import listening_on
from tests.merchant import write_settings
from tests.nicepay import Nicepay

PATIENCE = 60
"""Seconds."""


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket of a service manager."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield manager


@pytest.fixture
def config(tmp_path: Path, nicepay: Nicepay) -> Path:
    """Settings with two workers and both listeners."""
    tables = '[server]\nport = 0\nworkers = 2\n[internal]\nport = 0\n[state]\nurl = "sqlite:///state.db"'
    return write_settings(tmp_path, nicepay, extra=tables)


def _acting(monkeypatch: pytest.MonkeyPatch, part: str) -> list[Assignment]:
    """Let processes that play this part act as workers. Returns their assignments."""
    assignments = list[Assignment]()

    def python_command(_module: str, argument: str) -> Sequence[str]:
        assignments.append(Assignment.from_argument(argument))
        return command(assignments[-1].link, part)

    monkeypatch.setattr(supervising, "python_command", python_command)
    return assignments


def test_signals_mean_what_they_mean_for_one_process(
    config: Path, manager: socket.socket, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The supervisor starts workers, follows signals, and tells the service manager. The status is 0.

    A reload and a replacement end for the service manager when the workers have done it.
    """
    assignments = _acting(monkeypatch, "reloading")
    ends = Queue[Callable[[], None]]()
    monkeypatch.setattr(Supervisor, "replace", lambda _, done: ends.put(done))

    def visit() -> list[bytes]:
        told = [manager.recv(100)]
        for number in (signal.SIGUSR2, signal.SIGHUP):
            os.kill(os.getpid(), number)
            told.append(manager.recv(100))
        ends.get(timeout=PATIENCE)()
        told.append(manager.recv(100))
        os.kill(os.getpid(), signal.SIGTERM)
        return [*told, manager.recv(100)]

    with ThreadPoolExecutor() as pool:
        visiting = pool.submit(visit)
        assert main(["serve", "--config", str(config)]) == 0
    told = [message.partition(b"\n")[0] for message in visiting.result()]
    assert told == [b"READY=1", b"RELOADING=1", b"RELOADING=1", b"READY=1", b"STOPPING=1"]
    events = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    start = ["worker.started", "worker.started", "server.listening", "internal.listening"]
    assert events == [*start, "worker.ended", "worker.ended", "server.stopped"]
    assert {(each.config, each.cause, tuple(each.listeners)) for each in assignments} == {
        (str(config), "start", ("server", "internal"))
    }


def test_the_mistakes_of_a_worker_are_those_of_the_start(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a worker finds is reported as if the one process had found it: in one line, with exit status 2."""
    _acting(monkeypatch, "mistaken")
    assert main(["serve", "--config", str(config)]) == 2
    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (line["event"], line["mistakes"]) == ("start.failed", ["a: wrong", "b: wrong"])


def test_a_taken_port_starts_no_worker(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The supervisor opens the listeners, so it finds what is wrong with their addresses."""
    assignments = _acting(monkeypatch, "2")
    with listening_on("127.0.0.1", 0) as listener:
        monkeypatch.setenv("SNAP_TOKEN__INTERNAL__PORT", str(listener.getsockname()[1]))
        assert main(["serve", "--config", str(config)]) == 2
    assert "cannot listen on 127.0.0.1:" in capsys.readouterr().err
    assert assignments == []


def test_without_a_folder_no_worker_starts(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the machine has no folder that can be written, the server does not start, and says what to do."""
    monkeypatch.setattr("os.access", lambda *_: False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    assert main(["serve", "--config", str(config)]) == 2
    advice = "set TMPDIR to a folder that can be written"
    assert f"no folder for the workers can be made: No such file or directory; {advice}" in capsys.readouterr().err
