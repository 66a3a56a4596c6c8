"""The three standard streams. Each may be closed, full, or have another encoding than UTF-8."""

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import Literal, TextIO

_FLAGS = {0: os.O_RDONLY, 1: os.O_RDONLY, 2: os.O_WRONLY}
"""How a closed stream is opened again, on /dev/null. Standard output is opened read-only, so that a write fails and the
loss of the output is reported. Standard error is opened for writing, because nowhere is left to report a loss."""


def open_closed() -> None:
    """Open the streams that are closed. Otherwise the next file that is opened would become standard output."""
    for number, flags in _FLAGS.items():
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # The system gives it the lowest free number, which is this one.
    sys.stdin = sys.stdin or _open(0, "r")
    sys.stdout = _escape_unencodable(sys.stdout or _open(1, "w"))
    sys.stderr = sys.stderr or _open(2, "w")


def _open(number: int, mode: Literal["r", "w"]) -> TextIO:
    return open(number, mode, encoding="utf-8", closefd=False)


def _escape_unencodable(stream: TextIO) -> TextIO:
    """Write characters that the encoding of the stream lacks as backslash escapes, instead of failing."""
    if isinstance(stream, TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="backslashreplace")
    return stream


def discard(stream: TextIO) -> None:
    """Discard what is still buffered for this stream. Otherwise Python would report an error at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
