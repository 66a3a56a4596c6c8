"""The requests in a session archive of Fiddler (SAZ): a ZIP file with one file of raw HTTP for each message."""

import re
import zlib
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from handlers.cli.captured.answer import without_answer
from handlers.cli.captured.captured_request import CapturedRequest, parse_error
from handlers.cli.captured.raw_http import from_raw

_FORM = "a session archive of Fiddler"
_REQUEST_FILE = re.compile(r"raw/([0-9]{1,9})_c\.txt")
_LARGEST = 8 * 1024 * 1024
"""Bytes of all messages together, after unpacking."""

MAX_SESSIONS = 4_096


def is_zip(content: bytes) -> bool:
    """Whether this is a ZIP file."""
    return content.startswith(b"PK\x03\x04")


def from_fiddler(content: bytes) -> list[CapturedRequest]:
    """The requests in their order, with the status and the Date of their answers.

    Raises:
        UsageError: the archive has a password, is too large, is damaged, or has no request or too many.
    """
    try:
        with ZipFile(BytesIO(content)) as archive:
            if sum(each.file_size for each in archive.infolist()) > _LARGEST:
                raise parse_error(_FORM, f"it has more than {_LARGEST} bytes; save only the one session")
            files = {each.replace("\\", "/"): each for each in archive.namelist()}
            numbers = sorted((found[1] for found in map(_REQUEST_FILE.fullmatch, files) if found), key=int)
            if len(numbers) > MAX_SESSIONS:
                raise parse_error(_FORM, f"it has more than {MAX_SESSIONS} sessions; save only the one session")
            sessions = [_session(archive, files, number) for number in numbers]
    except (BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        raise parse_error(_FORM, f"{error}; save it again without a password") from error
    except (zlib.error, ValueError) as error:
        raise parse_error(_FORM, "it is damaged; save it again") from error
    if not sessions:
        raise parse_error(_FORM, "it is a ZIP file without requests; unpack it, and give the request itself")
    return sessions


def _session(archive: ZipFile, files: dict[str, str], number: str) -> CapturedRequest:
    captured = from_raw(_content(archive, files[f"raw/{number}_c.txt"]))
    name = files.get(f"raw/{number}_s.txt")
    answer = without_answer(_content(archive, name))[1] if name else None
    return captured._replace(at=answer.at, status=answer.status) if answer else captured


def _content(archive: ZipFile, name: str) -> bytes:
    """The content of a file. The sizes that the archive declares may be wrong, so only so many bytes are unpacked."""
    if archive.getinfo(name).compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise parse_error(_FORM, "it is compressed in another way than Fiddler does; save it with Fiddler")
    with archive.open(name) as file:
        return file.read(_LARGEST)
