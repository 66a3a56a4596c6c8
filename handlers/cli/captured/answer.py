"""An answer that was pasted behind its request."""

import re
from datetime import datetime
from typing import NamedTuple

from handlers.cli.captured.captured_request import http_date

_STATUS_LINE = re.compile(rb"(?m)^[<# \t]{0,8}HTTP/[0-9.]{1,3} ([2-5][0-9]{2})(?![0-9])")
_JSON = re.compile(rb'(?m)^[ \t]{0,8}\{[ \t\r\n]{0,8}"responseCode"[ \t]{0,8}:[ \t]{0,8}"?([2-5][0-9]{2})[0-9]{4}')
_DATE = re.compile(rb"(?im)^[< \t]{0,8}date:[ \t]{0,8}([^\r\n]{1,40})")
_SEPARATOR = re.compile(rb"(?i)[-=#*<_ \t]{0,80}(?:(?:http )?(?:response|respons|answer|jawaban)[-=#*:_ \t]{0,80})?\r?")
_MOST_SEPARATORS = 8


class Answer(NamedTuple):
    """The status of an answer, and its Date. None for what the capture does not have."""

    status: int | None = None
    at: datetime | None = None


def without_answer(text: bytes) -> tuple[bytes, Answer]:
    """The text before the first final answer in it, and that answer: a status line, or the JSON of SNAP."""
    found = _STATUS_LINE.search(text) or _JSON.search(text, 1)
    if found is None:
        return text, Answer()
    date = _DATE.search(text, found.end())
    return text[: found.start()], Answer(int(found[1]), http_date(date[1].decode("latin-1")) if date else None)


def without_separators(text: bytes) -> bytes:
    """The text without the lines at its end that people and tools put before an answer, such as `--- Response ---`."""
    for _ in range(_MOST_SEPARATORS):
        text = text.rstrip(b"\r\n")
        last_line = text.rfind(b"\n") + 1
        if not (text and _SEPARATOR.fullmatch(text, last_line)):
            break
        text = text[:last_line]
    return text
