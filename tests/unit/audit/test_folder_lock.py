"""The lock of the folder."""

import fcntl
import os
from contextlib import nullcontext
from errno import EBADF, EIO
from pathlib import Path
from threading import Event, Thread

import pytest

from handlers.audit.folder_lock import locked, turn


def test_the_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    """A second one waits until the first has left the block, or gives up at once."""
    entered = Event()

    def enter() -> None:
        with locked(tmp_path / "lock"):
            entered.set()

    with locked(tmp_path / "lock"):
        with pytest.raises(BlockingIOError), locked(tmp_path / "lock", wait=False):
            pass
        waiting = Thread(target=enter)
        waiting.start()
        assert not entered.is_set()
    waiting.join()
    assert entered.is_set()


def test_a_lock_file_that_was_deleted_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that waited for the lock of a deleted file locks the new file, as all later processes do."""
    lock, deleted = fcntl.flock, list[int]()

    def delete_first(descriptor: int, operation: int) -> None:
        lock(descriptor, operation)
        if not deleted:
            deleted.append(descriptor)
            (tmp_path / "lock").unlink()

    monkeypatch.setattr(fcntl, "flock", delete_first)
    with locked(tmp_path / "lock"), pytest.raises(BlockingIOError), locked(tmp_path / "lock", wait=False):
        pass
    assert len(deleted) == 1


def test_one_process_appends_although_the_lock_file_was_deleted(tmp_path: Path) -> None:
    """A deleted lock file does not let another process append at the same time, because the folder is locked too."""
    entered = Event()

    def enter() -> None:
        with turn(tmp_path):
            entered.set()

    with turn(tmp_path):
        (tmp_path / "lock").unlink()
        waiting = Thread(target=enter)
        waiting.start()
        while not (tmp_path / "lock").exists():
            pass
        assert not entered.is_set()
    waiting.join()
    assert entered.is_set()


@pytest.mark.parametrize("error", [EBADF, EIO])
def test_a_folder_that_cannot_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    """NFS locks only files, so there the lock file is enough. Another error is an error."""
    lock = fcntl.flock

    def lock_files(descriptor: int, operation: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").is_dir():
            raise OSError(error, os.strerror(error))
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", lock_files)
    with nullcontext() if error == EBADF else pytest.raises(OSError, match="Input/output"), turn(tmp_path):
        pass
