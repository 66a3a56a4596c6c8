"""Listening on a Unix socket."""

import errno
import fcntl
import os
import socket
from collections.abc import Callable
from pathlib import Path
from stat import S_IMODE

import pytest

from handlers.server.process import unix_socket
from handlers.server.process.unix_socket import listening

OWN = os.getgid()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.sock"


def _connect(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


@pytest.mark.parametrize(("mode", "group"), [(0o600, None), (0o660, OWN)])
def test_the_file_has_mode_and_group_while_it_listens(path: Path, mode: int, group: int | None) -> None:
    """Clients connect to it during the block, and it is removed afterwards."""
    with listening(path, mode, group):
        _connect(path)
        assert (S_IMODE(path.stat().st_mode), path.stat().st_gid) == (mode, OWN)
    assert not path.exists()


def test_a_file_that_a_killed_process_left_is_replaced(path: Path) -> None:
    """Nobody listens at the file, so it is abandoned."""
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    with pytest.raises(ConnectionRefusedError):
        _connect(path)
    with listening(path, 0o600, None):
        _connect(path)


def test_a_socket_that_is_in_use_stays(path: Path) -> None:
    """A second process cannot listen there, and the first one keeps its file."""
    with listening(path, 0o600, None):
        with pytest.raises(OSError, match="Address already in use") as refusal, listening(path, 0o600, None):
            pass
        assert refusal.value.errno == errno.EADDRINUSE
        _connect(path)


def test_a_socket_of_another_kind_counts_as_in_use(path: Path) -> None:
    """Datagrams are no connections, but somebody waits for them there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(path))
        with pytest.raises(OSError, match="Address already in use"), listening(path, 0o600, None):
            pass


def test_a_file_that_is_no_socket_stays(path: Path) -> None:
    """A path that was mistyped costs no file."""
    path.write_text("precious")
    with pytest.raises(OSError, match="what is there is no socket"), listening(path, 0o600, None):
        pass
    assert path.read_text() == "precious"


def test_the_file_of_another_server_stays(path: Path) -> None:
    """If another server has replaced the file, the end of the first one does not remove it."""
    with listening(path, 0o600, None):
        path.unlink()
        other = socket.socket(socket.AF_UNIX)
        other.bind(str(path))
    with other:
        assert path.exists()


def test_a_file_that_is_gone_is_no_error(path: Path) -> None:
    """Somebody may clean up the folder before the server ends."""
    with listening(path, 0o600, None):
        path.unlink()
    assert not path.exists()


def test_a_group_that_cannot_be_given_leaves_no_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the group cannot be set, nobody has connected yet, and the file is removed."""

    def refuse(*_arguments: object) -> None:
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(os, "chown", refuse)
    with pytest.raises(PermissionError), listening(path, 0o600, OWN):
        pass
    assert not path.exists()


def _while_locked(folder: Path, act: Callable[[], None]) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        act()
    finally:
        os.close(descriptor)


def test_two_servers_take_turns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server waits while another one holds the folder, up to a time limit."""
    monkeypatch.setattr(unix_socket, "LOCK_SECONDS", 0.05)

    def start() -> None:
        with pytest.raises(BlockingIOError), listening(path, 0o600, None):
            pass

    _while_locked(path.parent, start)
    with listening(path, 0o600, None):
        _connect(path)
