"""A file with captured requests: raw HTTP, a curl command or HAR."""

import re
import sys
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path

from handlers.cli.captured.curl import from_curl
from handlers.cli.captured.har import from_har
from handlers.cli.captured.raw_http import CapturedRequest, from_raw, is_transcript
from handlers.cli.errors import UsageError
from handlers.cli.files.read_input import STANDARD_INPUT

LARGEST_CAPTURE = 8 * 1024 * 1024
"""Bytes."""

_CURL = re.compile(rb"curl(?:\.exe)?(?=\s|\Z)")


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
        UsageError: the capture is empty or cannot be read.
    """
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):  # PowerShell on Windows writes UTF-16 for `>`.
        content = content.decode("utf-16", "replace").encode(errors="replace")
    text = content.removeprefix(BOM_UTF8).lstrip().removeprefix(b"$ ").lstrip()
    if not text:
        message = "the capture is empty; it must hold raw HTTP, a curl command or HAR"
        raise UsageError(message)
    if is_transcript(text):
        return [from_raw(text)]
    if text.startswith(b"{"):
        return from_har(text)
    if _CURL.match(text):
        return [from_curl(text)]
    return [from_raw(text)]
