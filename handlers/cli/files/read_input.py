"""Read a file, or standard input for `-`.

No option takes a secret itself, because every user of the machine can read a command line.
"""

import sys
from pathlib import Path

from handlers.cli.errors import UsageError
from handlers.cli.files.pipes import is_pipe, read_pipe
from handlers.config.key_files import read_text
from handlers.config.regular_files import LARGEST_FILE

STANDARD_INPUT = Path("-")


def read_secret(file: Path) -> str:
    """The secret in the file, or in standard input for `-`, without white space around it.

    Raises:
        UsageError: the file cannot be read, or is not UTF-8.
    """
    return _read(file).strip()


def read_body(file: Path | None) -> str:
    """The body in the file, or in standard input for `-`, without any change. Without a file it is empty.

    Raises:
        UsageError: the file cannot be read, or is not UTF-8.
    """
    return _read(file) if file else ""


def _read(file: Path) -> str:
    try:
        return _from_pipe(file) if file == STANDARD_INPUT or is_pipe(file) else read_text(file)
    except (ValueError, TimeoutError) as error:
        raise UsageError(str(error)) from error


def _from_pipe(file: Path) -> str:
    name = "standard input" if file == STANDARD_INPUT else str(file)
    try:
        content = sys.stdin.buffer.read(LARGEST_FILE + 1) if file == STANDARD_INPUT else read_pipe(file)
    except OSError as error:
        message = f"{name} cannot be read: {error.strerror}"
        raise ValueError(message) from error
    return _text(content, name)


def _text(content: bytes, name: str) -> str:
    if len(content) > LARGEST_FILE:
        message = f"{name} cannot be read: it is larger than {LARGEST_FILE} bytes"
        raise ValueError(message)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        message = f"{name} cannot be read: it is not text in UTF-8"
        raise ValueError(message) from error
