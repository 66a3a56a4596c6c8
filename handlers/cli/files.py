"""New files: never over an old one, and secret ones readable by their owner alone from their first byte."""

import os
from pathlib import Path

from handlers.cli.misuse import MisuseError

_FRESH = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def write_new(path: Path, content: str, *, secret: bool) -> None:
    """Create the file, mode 0600 or 0644.

    Raises:
        MisuseError: it exists, or cannot be made.
    """
    try:
        descriptor = os.open(path, _FRESH, 0o600 if secret else 0o644)
    except FileExistsError as error:
        message = f"{path} exists and is left as it is; name another file or move it away"
        raise MisuseError(message) from error
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        raise MisuseError(message) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
