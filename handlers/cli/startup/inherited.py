"""What a process inherits from the program that starts it. Some of it would keep the server from working."""

import signal
import sys
from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit, setrlimit

from handlers.cli.errors import UsageError
from handlers.server.process.uvicorn_server import MOST_CONNECTIONS

FEWEST_FILES = 64
"""With fewer, a process cannot open its files and serve connections as well."""

RESERVED_FILES = 100
"""File descriptors that a server needs beside its connections."""

ENOUGH_FILES = 2 * MOST_CONNECTIONS + RESERVED_FILES
"""File descriptors for all connections of both listeners, and for files."""


def mend_inheritance() -> None:
    """Unblock all signals, let children be awaited, and raise the limit of open files as far as it is needed.

    A blocked signal could not stop the server. If SIGCHLD is ignored, nobody learns how a worker ended.

    Raises:
        UsageError: the process may open too few files.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    soft, hard = getrlimit(RLIMIT_NOFILE)
    setrlimit(RLIMIT_NOFILE, (limit_of_files(soft, hard), hard))


def limit_of_files(soft: int, hard: int) -> int:
    """The soft limit of open files that a process should have: at least `ENOUGH_FILES`, if the hard limit allows it.

    Raises:
        UsageError: it allows fewer than `FEWEST_FILES`.
    """
    most = sys.maxsize if hard == RLIM_INFINITY else hard
    if most < FEWEST_FILES:
        message = f"this process may open {most} files; allow {ENOUGH_FILES}, with ulimit -n or LimitNOFILE="
        raise UsageError(message)
    return soft if soft == RLIM_INFINITY else max(soft, min(most, ENOUGH_FILES))
