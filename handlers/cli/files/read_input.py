"""What commands read from files, or from standard input for `-`.

Secrets come from nowhere else: on a command line every user of the machine could read them.
"""

import sys
from pathlib import Path

from handlers.cli.errors import UsageError
from handlers.cli.files.pipes import is_pipe, read_pipe
from handlers.config.key_files import read_text
from handlers.config.regular_files import LARGEST_FILE

STANDARD_INPUT = Path("-")


def read_secret(file: Path) -> str:
    """What the file, or standard input for `-`, holds, without the space around it.

    Raises:
        MisuseError: it cannot be read.
    """
    return _read(file).strip()


def read_body(file: Path | None) -> str:
    """The body that the file, or standard input for `-`, holds, as it is; empty without a file.

    Raises:
        MisuseError: it cannot be read, or is not text in UTF-8.
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
