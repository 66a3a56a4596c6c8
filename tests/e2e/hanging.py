"""The real command, which hangs at a place where a slow disk can block it, as long as another process locks a file.

Arguments: the file, what hangs (`state`, `reload` or `start`), then the arguments of `snap-token`.
"""

import signal
import sys
from collections.abc import Callable
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

from handlers.cli import main
from handlers.config.settings import Settings
from handlers.server.process import exit_deadline, reload
from handlers.state.daemon_thread import DaemonThread
from handlers.state.sqlite import database, engine

LOCK, HANGS = sys.argv.pop(1), sys.argv.pop(1)


def hang() -> None:
    with Path(LOCK).open() as file:
        flock(file, LOCK_EX)


class HangingThread(DaemonThread):
    """The thread that calls SQLite. It hangs before each call."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  the standard library's
        def hang_and_call() -> object:
            hang()
            return fn(*args, **kwargs)

        return super().submit(hang_and_call)


class HangingSettings(Settings):
    """Settings that hang when they are read."""

    @classmethod
    def load(cls, file: Path, beside: Path | None = None) -> Any:  # noqa: ANN401  as in the base class
        hang()
        return super().load(file, beside)


def hang_at_start(*_arguments: Any, **_options: Any) -> Any:  # noqa: ANN401  it never returns
    """Hang while a start opens the state store. No signal handler runs, as in a system call that never returns."""
    signal.signal(signal.SIGTERM, lambda *_: None)
    sys.stdout.write("hanging\n")
    sys.stdout.flush()
    hang()


REPLACEMENTS: dict[str, tuple[object, str, object]] = {
    "state": (engine, "DaemonThread", HangingThread),
    "reload": (reload, "Settings", HangingSettings),
    "start": (database, "open_file", hang_at_start),
}
setattr(*REPLACEMENTS[HANGS])
if HANGS == "start":
    exit_deadline.LONGEST_END_SECONDS = 1.0
main()
