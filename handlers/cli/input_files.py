"""What commands read from files, or from standard input for `-`.

Secrets come from nowhere else: on a command line every user of the machine could read them.
"""

import sys
from pathlib import Path

from handlers.cli.misuse import MisuseError
from handlers.server.key_files import read_text

STANDARD_INPUT = Path("-")
LONGEST = 16_384
"""Bytes read from standard input; the private key of the largest RSA key has half of them."""


def read_secret(file: Path) -> str:
    """What the file, or standard input for `-`, holds, without the space around it.

    Raises:
        MisuseError: it cannot be read.
    """
    return _read(file, LONGEST).strip()


def read_body(file: Path | None) -> str:
    """The body that the file, or standard input for `-`, holds, as it is; empty without a file.

    Raises:
        MisuseError: it cannot be read, or is not text in UTF-8.
    """
    return _read(file) if file else ""


def _read(file: Path, longest: int = -1) -> str:
    try:
        return sys.stdin.buffer.read(longest).decode() if file == STANDARD_INPUT else read_text(file)
    except UnicodeDecodeError as error:
        message = "standard input cannot be read: it is not text in UTF-8"
        raise MisuseError(message) from error
    except ValueError as error:
        raise MisuseError(str(error)) from error
