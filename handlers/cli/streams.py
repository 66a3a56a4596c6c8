"""The three standard streams, as they may be missing, full, or of another encoding than UTF-8."""

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import Literal, TextIO

_CLOSED = {0: os.O_RDONLY, 1: os.O_RDONLY, 2: os.O_WRONLY}
"""What a closed one is opened as: nothing can be written to standard output, and the loss is told. Of standard error
there is nobody left to tell."""


def open_all() -> None:
    """Open those that are closed: the next file would become standard output otherwise, and be written into."""
    for number, flags in _CLOSED.items():
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # It takes the lowest number that is free.
    sys.stdin = sys.stdin or _opened(0, "r")
    sys.stdout = _unfailing(sys.stdout or _opened(1, "w"))
    sys.stderr = sys.stderr or _opened(2, "w")


def _opened(number: int, mode: Literal["r", "w"]) -> TextIO:
    return open(number, mode, encoding="utf-8", closefd=False)


def _unfailing(stream: TextIO) -> TextIO:
    """What the encoding of the stream does not have is written escaped."""
    if isinstance(stream, TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="backslashreplace")
    return stream


def give_up_output() -> None:
    """Let what is still held back go nowhere, or Python would complain of it at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
