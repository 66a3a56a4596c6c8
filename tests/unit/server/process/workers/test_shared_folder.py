"""The folder of the workers."""

import subprocess
import sys
from pathlib import Path

import pytest

from handlers.server.observability.log_turn import LOG_TURN
from handlers.server.process.workers.shared_folder import shared_folder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that systemd gives to the service."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    return tmp_path


def test_only_its_owner_can_use_it(place: Path) -> None:
    """The folder is new, and only its owner can use it. It has the lock of the log. Nothing is left at the end."""
    with shared_folder() as folder:
        assert folder.parent == place
        assert folder.stat().st_mode & 0o777 == 0o700
        with LOG_TURN.taken():
            assert [each.name for each in folder.iterdir()] == ["log.lock"]
    assert list(place.iterdir()) == []


def test_without_systemd_it_is_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Linux it is in /dev/shm, which is memory."""
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    with shared_folder() as folder:
        assert folder.parent == Path("/dev/shm")  # noqa: S108  nothing is written by this test itself


def test_without_memory_it_is_a_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If no folder in memory can be written, it is in the folder for temporary files."""
    monkeypatch.setattr("os.access", lambda *_: False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with shared_folder() as folder:
        assert folder.parent == tmp_path


def test_what_a_killed_supervisor_left_is_removed(place: Path) -> None:
    """The folder of a supervisor that was killed is removed. That of a living one, and other names, stay."""
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        pass
    for name in (f"snap-token-workers-{dead.pid}-a", "snap-token-workers-1-b", "snap-token-workers-x-c"):
        (place / name).mkdir()
    with shared_folder() as folder:
        assert {each.name for each in place.iterdir()} == {
            folder.name,
            "snap-token-workers-1-b",
            "snap-token-workers-x-c",
        }
