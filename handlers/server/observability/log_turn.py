"""Processes with one log take turns in writing it, because the kernel mixes long writes of several into one pipe.

POSIX guarantees that only for at most `PIPE_BUF` bytes, which are 4,096 on Linux (pipe(7)).
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from handlers.audit.folder_lock import locked


class LogTurn:
    """The turn of this process. Without a lock file the process is alone, and it is always its turn."""

    def __init__(self) -> None:
        self._lock: Path | None = None

    def use(self, lock: Path | None) -> None:
        """Take turns with all processes that use this lock file."""
        self._lock = lock

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait until no other process is in such a block. If the lock file is gone, do not wait: a line is no less."""
        with ExitStack() as stack:
            if self._lock:
                with suppress(OSError):
                    stack.enter_context(locked(self._lock))
            yield


LOG_TURN = LogTurn()
"""The turn of this process, because a process has one log."""
