"""Reads a file that the settings or a command name."""

from pathlib import Path

from handlers.config.utf8_text import utf8_text
from handlers.config.watched_files import read


def read_text(path: Path, *, private: bool = False) -> str:
    """The text of a file in UTF-8, without its byte-order mark.

    Raises:
        ValueError: See `read_bytes`; or the file is not UTF-8.
        TimeoutError: The file system did not answer in time. The message has the path.
    """
    # Line endings stay as they are, so that a command that edits the file keeps them.
    return utf8_text(read_bytes(path, private=private), path).removeprefix("\ufeff")


def read_bytes(path: Path, *, private: bool = False) -> bytes:
    """The content of a file. If it is `private`, other users may not have access to it. See `FileAccess.mistake`.

    Raises:
        ValueError: The file cannot be read, or other users can access it. The message has the path and the cause.
        TimeoutError: The file system did not answer in time. The message has the path.
    """
    file = read(path)
    if file.access is None:
        message = f"{path} cannot be read: {file.error}"
        raise ValueError(message)
    if private and (mistake := file.access.mistake(path)):
        raise ValueError(mistake)
    return file.content
