"""Real processes. Their output is read line by line, every wait has a timeout, and every process is ended."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Queue
from threading import Thread
from time import monotonic, sleep
from typing import IO, Any

COMMAND = Path(sys.executable).with_name("snap-token")
FREE_PORT = {"SNAP_TOKEN__SERVER__PORT": "0"}
"""The environment variable for a free port."""
NO_CLIENT_LIMIT = {"SNAP_TOKEN__LIMITS__CLIENT_REQUESTS_PER_MINUTE": "0"}
"""The environment variable for tests with load: on a fast machine, one client would reach the default limit."""
PATIENCE = 120
"""Seconds that a process may write nothing, and seconds that it may take to end."""
NO_FILE = Path(os.devnull)
_CONTROLLING = ("SNAP_TOKEN__", "MAKE", "MFLAGS", "GNUMAKEFLAGS")


def environment(**changes: str) -> dict[str, str]:
    """The environment of this process with changes, without the variables that control `snap-token` or make."""
    neutral = {name: value for name, value in os.environ.items() if not name.startswith(_CONTROLLING)}
    return neutral | changes


def free_port() -> int:
    """A port of 127.0.0.1 that no process uses now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def run(
    *command: str | Path,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    patience: float = PATIENCE,
    stdin: str = "",
    umask: int = -1,
) -> subprocess.CompletedProcess[str]:
    """Run a process until it ends. A failure of the process raises nothing. The umask -1 is that of this process."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment() if env is None else env,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=patience,
        umask=umask,
        check=False,
    )


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds, which no event tells."""
    end = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < end
        sleep(0.01)


class Lines:
    """The lines that a process writes into a pipe. A thread reads them at once, so the pipe never fills."""

    def __init__(self, pipe: IO[str], patience: float) -> None:
        self._patience = patience
        self._unread: Queue[str] = Queue()
        self._reader = Thread(target=self._read, args=(pipe,))
        self._reader.start()

    def _read(self, pipe: IO[str]) -> None:
        with pipe:
            for line in pipe:
                self._unread.put(line)
        self._unread.put("")

    def __iter__(self) -> Iterator[str]:
        """Each unread line, until the process closes the pipe."""
        while line := self._unread.get(timeout=self._patience):
            yield line
        self._unread.put("")

    def starting(self, start: str) -> str:
        """Wait for a line that starts with this text."""
        other_lines = []
        for line in self:
            if line.startswith(start):
                return line
            other_lines.append(line)
        message = f"no line starts with {start!r}: {''.join(other_lines)}"
        raise AssertionError(message)

    def event(self, name: str) -> dict[str, Any]:
        """Wait for a log line of that event."""
        return next(entry for entry in map(json.loads, self) if entry["event"] == name)

    def join(self) -> None:
        self._reader.join()


class Process:
    """A running process. It leads a process group of its own, as if a shell had started it."""

    def __init__(
        self, command: tuple[str | Path, ...], cwd: Path | None, env: dict[str, str], patience: float, log: Path
    ) -> None:
        with log.open("a") as file:
            self._popen = subprocess.Popen(
                command,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if log == NO_FILE else file,
                text=True,
                start_new_session=True,
            )
        assert self._popen.stdout
        self.pid = self._popen.pid
        self.out = Lines(self._popen.stdout, patience)
        self.err = Lines(self._popen.stderr or NO_FILE.open(), patience)

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group, as a terminal does. This also works for an ended process before `wait`."""
        os.killpg(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM to the process only, not to its group."""
        self._popen.terminate()

    def has_ended(self) -> bool:
        return self._popen.poll() is not None

    def status(self) -> int:
        """Wait for the end and return the exit status. A negative status is the signal that killed the process."""
        return self._popen.wait(PATIENCE)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self.send_signal(signal.SIGKILL)
        self._popen.wait()
        self.out.join()
        self.err.join()


@contextmanager
def running(
    *command: str | Path,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    patience: float = PATIENCE,
    log: Path = NO_FILE,
) -> Iterator[Process]:
    """Run a process in the block, and kill it and its children at the end.

    Its standard error goes to the file `log`. Without `log`, the test reads it from `err`.
    """
    process = Process(command, cwd, environment() if env is None else env, patience, log)
    try:
        yield process
    finally:
        process.kill()
