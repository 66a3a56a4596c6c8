"""Text in UTF-8. For a text in UTF-16 or UTF-32, the error has the command that converts it."""

import re
import shlex
from pathlib import Path

_OTHER_ENCODINGS = {
    rb"\xff\xfe\0\0|\0\0\xfe\xff": "UTF-32",
    rb"\xff\xfe|\xfe\xff": "UTF-16",
    rb"([\t-~]\0){4}": "UTF-16LE",
    rb"(\0[\t-~]){4}": "UTF-16BE",
}
"""First bytes of a text, and its encoding. The first two are byte-order marks."""


def utf8_text(content: bytes, file: Path | None) -> str:
    """Return the text. A byte-order mark stays. `file` is the name in messages. None means standard input.

    Raises:
        ValueError: It is not text in UTF-8. The message has the name and the cause.
    """
    mistake = encoding_mistake(content, file)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        message = mistake or f"{_name(file)} cannot be read: it is not text in UTF-8; save it as UTF-8"
        raise ValueError(message) from error
    if mistake:  # Text in UTF-16 without a byte-order mark may be valid UTF-8, with a zero byte after each letter.
        raise ValueError(mistake)
    return text


def encoding_mistake(content: bytes, file: Path | None) -> str | None:
    """Return the message for text in UTF-16 or UTF-32, which programs of Windows write. None for other content."""
    encoding = next((name for first, name in _OTHER_ENCODINGS.items() if re.match(first, content)), None)
    if encoding is None:
        return None
    old, new = shlex.quote(str(file or "FILE")), shlex.quote(f"{file or 'FILE'}.txt")
    command = f"(umask 077; iconv -f {encoding} -t UTF-8 {old} > {new})"
    return f"{_name(file)} cannot be read: it is text in {encoding}; convert it, and use the new file: {command}"


def _name(file: Path | None) -> str:
    return str(file or "standard input")
