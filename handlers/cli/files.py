"""New files: never over an old one, and secret ones readable by their owner alone from their first byte."""

import os
from pathlib import Path

from handlers.cli.misuse import MisuseError


def already_there(path: Path) -> MisuseError:
    """What to say of a file that exists."""
    return MisuseError(f"{path} exists and is left as it is; name another file or move it away")


def write_new(path: Path, content: str, *, secret: bool) -> None:
    """Create the file, mode 0600 or 0644.

    Raises:
        MisuseError: it exists, or cannot be made.
    """
    mode = 0o600 if secret else 0o644
    try:
        with open(path, "x", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(content)
    except FileExistsError as error:
        raise already_there(path) from error
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        raise MisuseError(message) from error
