"""Read a pipe that is given in place of a file, for example `<(command)` or `/dev/stdin` in a shell."""

import os
import select
from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from time import monotonic

from handlers.config.regular_files import LARGEST_FILE

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY

PIPE_SECONDS = 60.0
"""The time limit for the whole pipe. The program that writes into it may first ask a person for a password."""


def is_pipe(path: Path) -> bool:
    """Whether the path exists and is neither a regular file nor a folder."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (S_ISREG(mode) or S_ISDIR(mode))


def read_pipe(path: Path) -> bytes:
    """Read the pipe until its writer closes it, but at most LARGEST_FILE + 1 bytes.

    Raises:
        OSError: the pipe cannot be opened or read.
        ValueError: the writer does not close the pipe within PIPE_SECONDS.
    """
    deadline = monotonic() + PIPE_SECONDS
    content = bytearray()
    with open(path, "rb", buffering=0, opener=lambda name, _: os.open(name, _FLAGS)) as pipe:
        _wait(pipe.fileno(), deadline, path)  # A named pipe that has no writer yet reads as if it had ended.
        while len(content) <= LARGEST_FILE and (chunk := _read_chunk(pipe.fileno(), deadline, path)):
            content += chunk
    return bytes(content)


def _read_chunk(descriptor: int, deadline: float, path: Path) -> bytes:
    """The next bytes. No bytes mean the end."""
    with suppress(BlockingIOError):
        return os.read(descriptor, LARGEST_FILE)
    _wait(descriptor, deadline, path)
    return os.read(descriptor, LARGEST_FILE)


def _wait(descriptor: int, deadline: float, path: Path) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if not poll.poll(max(deadline - monotonic(), 0) * 1_000):
        message = f"{path} cannot be read: its writer has not closed this pipe within {PIPE_SECONDS:g} seconds"
        raise ValueError(message)
