"""A file with captured requests, in any form that is read."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

from handlers.cli.captured.answer import without_answer, without_separators
from handlers.cli.captured.captured_request import CapturedRequest
from handlers.cli.captured.curl import from_curl
from handlers.cli.captured.exports import from_json
from handlers.cli.captured.fetch import from_fetch
from handlers.cli.captured.fiddler import from_fiddler, is_zip
from handlers.cli.captured.notes import Note, NoteKind
from handlers.cli.captured.pasted import decoded, first_command, from_request_on, out_of_fences, unquoted
from handlers.cli.captured.raw_http import from_raw, is_transcript
from handlers.cli.captured.unread import require_readable
from handlers.cli.errors import UsageError
from handlers.cli.files.read_input import STANDARD_INPUT

LARGEST_CAPTURE = 8 * 1024 * 1024
"""Bytes."""

_CURL = re.compile(rb"curl(?:\.exe)?(?=\s|\Z)")
_FETCH = re.compile(rb"fetch\(")
_JSON = re.compile(rb"\s*(?:\{|\[\s*\{)")


def read_capture(file: Path) -> bytes:
    """The content of the file, or of standard input for `-`.

    Raises:
        UsageError: the file cannot be read, or is larger than LARGEST_CAPTURE.
    """
    try:
        if file == STANDARD_INPUT:
            content = sys.stdin.buffer.read(LARGEST_CAPTURE + 1)
        else:
            with file.open("rb") as opened:
                content = opened.read(LARGEST_CAPTURE + 1)
    except (OSError, ValueError) as error:  # A name with a NUL is a ValueError.
        message = f"{file} cannot be read: {getattr(error, 'strerror', None) or error}"
        raise UsageError(message) from error
    if len(content) > LARGEST_CAPTURE:
        message = f"{file} is larger than {LARGEST_CAPTURE} bytes; put only the one request into it"
        raise UsageError(message)
    return content


def parse_capture(content: bytes) -> list[CapturedRequest]:
    """The requests in a capture, in the order of the capture.

    Raises:
        UsageError: the capture is empty, cannot be read, or has a form that is not read, which the message names.
    """
    content = decoded(content)
    if is_zip(content):
        return from_fiddler(content)
    text = out_of_fences(unquoted(content))
    if not text.strip():
        message = "the capture is empty; it must hold raw HTTP, a curl command or HAR"
        raise UsageError(message)
    if is_transcript(text):
        return [from_raw(text)]
    if _JSON.match(text):
        require_readable(content, text.lstrip())
        return from_json(text)
    text = from_request_on(text).lstrip().removeprefix(b"$ ").lstrip()
    require_readable(content, text)
    if _CURL.match(text):
        return [_of_command(text, from_curl)]
    return [_of_command(text, from_fetch) if _FETCH.match(text) else from_raw(text)]


def _of_command(text: bytes, read: Callable[[bytes], CapturedRequest]) -> CapturedRequest:
    """The request of the first command. Other commands or an answer may follow."""
    text, answer = without_answer(text)
    command, has_more = first_command(without_separators(text))
    notes = (Note(NoteKind.MORE_REQUESTS, {}),) if has_more else ()
    return read(command)._replace(at=answer.at, status=answer.status, notes=notes)
