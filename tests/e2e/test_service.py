"""What a real server says to a service manager, on a real socket."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.instances import TABLES, instances
from tests.e2e.process import PATIENCE
from tests.merchant import write_settings
from tests.nicepay import Nicepay

SIZE = 200


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket of a service manager."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE)
        yield manager


def _next(manager: socket.socket) -> str:
    """The next message that is no sign of life."""
    while (message := manager.recv(SIZE).decode()) == "WATCHDOG=1":
        pass
    return message


@pytest.mark.parametrize("workers", [1, 2])
def test_the_service_manager_learns_of_every_step(
    tmp_path: Path, nicepay: Nicepay, manager: socket.socket, workers: int
) -> None:
    """A server reports its start, each sign of life, a reload and its end. While it hangs it gives no sign of life."""
    settings = write_settings(tmp_path, nicepay, extra=f'{TABLES}[state]\nurl = "sqlite:///state.db"\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        patch.setenv("WATCHDOG_USEC", "200000")
        with instances(settings, SERVER__WORKERS=str(workers)) as (instance,):
            pid = instance.process.pid
            assert _next(manager) == "READY=1"
            assert [manager.recv(SIZE) for _ in range(2)] == [b"WATCHDOG=1"] * 2
            os.kill(pid, signal.SIGHUP)
            assert _next(manager).startswith("RELOADING=1\nMONOTONIC_USEC=")
            assert _next(manager) == "READY=1"
            if workers > 1:
                os.kill(pid, signal.SIGUSR2)
                assert _next(manager).startswith("RELOADING=1\n")
                instance.process.err.event("workers.replaced")
                assert _next(manager) == "READY=1"
            os.kill(pid, signal.SIGSTOP)
            _stopped(pid)
            manager.setblocking(False)  # noqa: FBT003  the standard library's signature
            _empty(manager)
            manager.settimeout(0.5)  # More than two intervals of the watchdog.
            with pytest.raises(TimeoutError):
                manager.recv(SIZE)
            manager.settimeout(PATIENCE)
            os.kill(pid, signal.SIGCONT)
            assert manager.recv(SIZE) == b"WATCHDOG=1"
            os.kill(pid, signal.SIGTERM)
            assert _next(manager) == "STOPPING=1"
            assert instance.process.status() == 0


def _stopped(pid: int) -> None:
    """Wait until the kernel has stopped the process."""
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        pass


def _empty(manager: socket.socket) -> None:
    """Read what the process sent before it was stopped."""
    while True:
        try:
            manager.recv(SIZE)
        except BlockingIOError:
            return
