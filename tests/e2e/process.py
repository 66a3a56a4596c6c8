"""Real processes: read line by line as they write, never waited for without a limit, always ended."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import IO, Any

PATIENCE = 60
"""Seconds that a process may be silent, or take to end."""
NO_FILE = Path(os.devnull)
_STEERING = ("SNAP_TOKEN__", "MAKE", "MFLAGS", "GNUMAKEFLAGS")


def environment(**changes: str) -> dict[str, str]:
    """This one without what steers the command or make from outside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_STEERING)}
    return kept | changes


def run(
    *command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None, patience: float = PATIENCE
) -> subprocess.CompletedProcess[str]:
    """Run a process to its end, whatever that is."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment() if env is None else env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=patience,
        check=False,
    )


class Lines:
    """What a process writes into one pipe, taken out at once, so that the pipe never fills."""

    def __init__(self, pipe: IO[str], patience: float) -> None:
        self._patience = patience
        self._coming: Queue[str] = Queue()
        self._reader = Thread(target=self._read, args=(pipe,))
        self._reader.start()

    def _read(self, pipe: IO[str]) -> None:
        with pipe:
            for line in pipe:
                self._coming.put(line)
        self._coming.put("")

    def __iter__(self) -> Iterator[str]:
        """Each line that was not yet taken, until the process closes the pipe."""
        while line := self._coming.get(timeout=self._patience):
            yield line
        self._coming.put("")

    def starting(self, start: str) -> str:
        """Wait for the line that starts so."""
        passed = []
        for line in self:
            if line.startswith(start):
                return line
            passed.append(line)
        message = f"no line starts with {start!r}: {''.join(passed)}"
        raise AssertionError(message)

    def event(self, name: str) -> dict[str, Any]:
        """Wait for the log's line of that event."""
        return next(entry for entry in map(json.loads, self) if entry["event"] == name)

    def join(self) -> None:
        self._reader.join()


class Process:
    """A process under way, the leader of a group of its own, as a shell starts it."""

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
        """To the whole group, as a terminal does; whoever has not been waited for can be sent one."""
        os.killpg(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM, to it alone."""
        self._popen.terminate()

    def has_ended(self) -> bool:
        return self._popen.poll() is not None

    def status(self) -> int:
        """Wait for its end; negative is the signal that killed it."""
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
    """Start a process; at the end of the block nothing is left of it and its children.

    Its standard error goes to the file `log`, or can be read from `err` if there is none.
    """
    process = Process(command, cwd, environment() if env is None else env, patience, log)
    try:
        yield process
    finally:
        process.kill()
