"""Read a file, or standard input for `-`.

No option takes a secret itself, because every user of the machine can read a command line.
"""

import sys
from codecs import BOM_UTF8
from pathlib import Path

from handlers.cli.errors import UsageError
from handlers.cli.files.pipes import is_pipe, read_pipe
from handlers.config.file_content import read_bytes
from handlers.config.regular_files import LARGEST_FILE
from handlers.config.utf8_text import encoding_mistake, utf8_text

STANDARD_INPUT = Path("-")


def read_secret(file: Path) -> str:
    """The secret in the file, or in standard input for `-`, without white space around it.

    Raises:
        UsageError: the file cannot be read, or is not UTF-8.
    """
    return _read(file).removeprefix("\ufeff").strip()


def read_body(file: Path | None) -> str:
    """The body in the file, or in standard input for `-`, without any change. Without a file it is empty.

    Raises:
        UsageError: the file cannot be read, or is not UTF-8.
    """
    return _read(file) if file else ""


def read_key(file: Path) -> bytes:
    """The bytes of the key file, or of standard input for `-`.

    Raises:
        UsageError: the file cannot be read.
    """
    return _content(file)


def read_passphrase(file: Path) -> bytes:
    """The passphrase in the file, or in standard input for `-`, without line end and byte-order mark.

    Raises:
        UsageError: the file cannot be read, is UTF-16, does not have exactly one line, or other users can access it.
    """
    content = _content(file, private=True)
    if mistake := encoding_mistake(content, _path(file)):
        raise UsageError(mistake)
    lines = content.removeprefix(BOM_UTF8).splitlines()
    if len(lines) != 1 or not lines[0]:
        message = f"{_name(file)} must contain the passphrase, on one line"
        raise UsageError(message)
    return lines[0]


def _read(file: Path) -> str:
    try:
        text = utf8_text(_content(file), _path(file))
    except ValueError as error:
        raise UsageError(str(error)) from error
    return text if _is_stream(file) else text.removeprefix("\ufeff")


def _content(file: Path, *, private: bool = False) -> bytes:
    try:
        return _from_stream(file) if _is_stream(file) else read_bytes(file, private=private)
    except (ValueError, TimeoutError) as error:
        raise UsageError(str(error)) from error


def _is_stream(file: Path) -> bool:
    return file == STANDARD_INPUT or is_pipe(file)


def _from_stream(file: Path) -> bytes:
    try:
        content = sys.stdin.buffer.read(LARGEST_FILE + 1) if file == STANDARD_INPUT else read_pipe(file)
    except OSError as error:
        message = f"{_name(file)} cannot be read: {error.strerror}"
        raise ValueError(message) from error
    if len(content) > LARGEST_FILE:
        message = f"{_name(file)} cannot be read: it is larger than {LARGEST_FILE} bytes"
        raise ValueError(message)
    return content


def _name(file: Path) -> str:
    return str(_path(file) or "standard input")


def _path(file: Path) -> Path | None:
    """The file. None for standard input."""
    return None if file == STANDARD_INPUT else file
