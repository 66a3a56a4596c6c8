"""The log of one instance: a pipe, as under a service manager, and a reader that can stop and end."""

import fcntl
import json
import os
from pathlib import Path
from select import select
from threading import Condition, Event, Thread
from typing import Any

PATIENCE = 180
"""Seconds to wait for an event. The server gives each of two workers 60 s to start, and 15 s to end."""
SMALL_PIPE = 4_096
_READ_BYTES = 65_536
_POLL_SECONDS = 0.1


class _Reader:
    """A thread that copies the pipe into the file, as a log shipper does."""

    def __init__(self, pipe: Path, file: Path, grown: Condition) -> None:
        self._pipe = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self._file, self._grown = file, grown
        self.may_read, self._is_ending = Event(), Event()
        self.may_read.set()
        self._thread = Thread(target=self._copy, daemon=True)
        self._thread.start()

    def _copy(self) -> None:
        with self._file.open("ab", buffering=0) as file:
            while self.may_read.wait() and (self._has_more() or not self._is_ending.is_set()):
                if self._has_more():
                    file.write(os.read(self._pipe, _READ_BYTES))
                    with self._grown:
                        self._grown.notify_all()

    def _has_more(self) -> bool:
        return bool(select([self._pipe], [], [], _POLL_SECONDS)[0])

    def end(self) -> None:
        """Read what is in the pipe, and close it."""
        self._is_ending.set()
        self._thread.join()
        os.close(self._pipe)


class InstanceLog:
    """The pipe that an instance gets as its standard error, and the file with all lines that were read from it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.pipe, self.file = folder / f"{name}.pipe", folder / f"{name}.log"
        os.mkfifo(self.pipe)
        self.file.touch()
        self._grown = Condition()
        self._position = 0
        self.open()
        self._end = os.open(self.pipe, os.O_WRONLY)  # So the pipe never ends while no instance runs.

    def open(self) -> None:
        """Read the pipe. While nobody does, each write of the instance fails."""
        self._reader = _Reader(self.pipe, self.file, self._grown)

    def close(self) -> None:
        """Read what is in the pipe, and end the reader."""
        self._reader.end()

    def stop_reading(self) -> None:
        """Let a small pipe fill up: each write of the instance waits."""
        fcntl.fcntl(self._end, fcntl.F_SETPIPE_SZ, SMALL_PIPE)
        self._reader.may_read.clear()

    def read_on(self) -> None:
        """Read again."""
        self._reader.may_read.set()
        fcntl.fcntl(self._end, fcntl.F_SETPIPE_SZ, _READ_BYTES)

    def event(self, name: str) -> dict[str, Any]:
        """Wait for a line of that event, after the line that was found last."""
        with self._grown:
            found = self._grown.wait_for(lambda: self._next(name), PATIENCE)
        assert found, f"no line of {name} within {PATIENCE} s"
        return found

    def _next(self, name: str) -> dict[str, Any] | None:
        with self.file.open("rb") as file:
            file.seek(self._position)
            for raw in file:
                if not raw.endswith(b"\n"):
                    return None
                self._position += len(raw)
                line: dict[str, Any] = json.loads(raw)
                if line["event"] == name:
                    return line
        return None

    def lines(self) -> list[dict[str, Any]]:
        """All lines. What a killed process wrote last may be incomplete, and is left out."""
        return [line for raw in self.file.read_bytes().splitlines() for line in _parsed(raw)]


def _parsed(raw: bytes) -> list[dict[str, Any]]:
    try:
        return [json.loads(raw)]
    except ValueError:
        return []
