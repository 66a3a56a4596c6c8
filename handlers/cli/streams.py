"""The three standard streams: each may be closed, full, or have another encoding than UTF-8."""

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import Literal, TextIO

_CLOSED = {0: os.O_RDONLY, 1: os.O_RDONLY, 2: os.O_WRONLY}
"""How a closed stream is opened. Writing to standard output then fails, so that the loss is reported. What is written
to standard error goes nowhere: there is no place left to report it."""


def open_all() -> None:
    """Open those that are closed. Otherwise the next file that is opened would become standard output."""
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
    """Characters that the encoding of the stream lacks are escaped."""
    if isinstance(stream, TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="backslashreplace")
    return stream


def give_up_output() -> None:
    """Discard what is still buffered: else Python would complain about it at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
