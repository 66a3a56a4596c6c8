"""The folder of the workers: their metrics, and the lock of their common log. It is in memory, if that is possible.

The metrics are files that are mapped into memory. On a disk that is full, a write to such a file kills the process.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from handlers.server.observability.log_turn import LOG_TURN

_PREFIX = "snap-token-workers-"
_LOCK = "log.lock"


@contextmanager
def shared_folder() -> Iterator[Path]:
    """A new folder that only this user can use. It is removed after the block.

    Raises:
        OSError: No folder can be made.
    """
    place = _place()
    _remove_abandoned(place)
    with TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", dir=place, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        share_log(folder)
        try:
            yield folder
        finally:
            LOG_TURN.use(None)


def share_log(folder: Path) -> None:
    """From now on, take turns in writing the log with all processes that use this folder."""
    LOG_TURN.use(folder / _LOCK)


def _place() -> Path | None:
    """The `RuntimeDirectory=` of systemd, else `/dev/shm`. None means the folder for temporary files."""
    names = (*os.environ.get("RUNTIME_DIRECTORY", "").split(":"), "/dev/shm")  # noqa: S108  the folder in it is ours alone
    return next((Path(name) for name in names if name and os.access(name, os.W_OK | os.X_OK)), None)


def _remove_abandoned(place: Path | None) -> None:
    """Remove the folders of supervisors that were killed."""
    for folder in place.glob(f"{_PREFIX}*") if place else ():
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        with suppress(OSError, ValueError):
            if folder.stat().st_uid == os.geteuid() and not _is_alive(int(pid)):
                rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
