"""Session archives of Fiddler: a damaged or hostile archive is one line, and does not fill the memory."""

import struct
import tracemalloc
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZipFile

import pytest

from handlers.cli.captured.fiddler import MAX_SESSIONS, from_fiddler
from handlers.cli.errors import UsageError

REQUEST = b"POST / HTTP/1.1\n\n" + b"a" * 1_000
LOCAL_SIZE, DIRECTORY_SIZE = 22, 24
"""Where the header before a file, and its entry in the directory, have the size of the file (APPNOTE.TXT, 4.3)."""


def _archive(content: bytes = REQUEST, compression: int = ZIP_DEFLATED, sessions: int = 1) -> bytearray:
    written = BytesIO()
    with ZipFile(written, "w", compression) as archive:
        for number in range(1, sessions + 1):
            archive.writestr(f"raw/{number}_c.txt", content)
    return bytearray(written.getvalue())


def _with_size(archive: bytearray, size: int) -> bytes:
    for at in (LOCAL_SIZE, archive.rfind(b"PK\x01\x02") + DIRECTORY_SIZE):
        archive[at : at + 4] = struct.pack("<I", size)
    return bytes(archive)


def test_the_size_of_a_file_may_be_a_lie() -> None:
    """Only as many bytes are unpacked as the archive declares, so a small archive does not fill the memory."""
    archive = _with_size(_archive(REQUEST + bytes(100_000_000)), 1_000)
    tracemalloc.start()
    with pytest.raises(UsageError, match="Bad CRC-32"):
        from_fiddler(archive)
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()


def test_only_the_compression_of_fiddler_is_unpacked() -> None:
    """Another compression is refused, because Python unpacks it whole, whatever its size."""
    with pytest.raises(UsageError, match="compressed in another way"):
        from_fiddler(bytes(_archive(compression=ZIP_LZMA)))


@pytest.mark.parametrize(("at", "damage"), [(43, b"\xff" * 7), (-6, b"\xff\xff\xff\xff")])
def test_a_damaged_archive_is_one_line(at: int, damage: bytes) -> None:
    """An archive with damaged content or a damaged directory is named."""
    archive = _archive()
    end = at % len(archive) + len(damage)
    archive[end - len(damage) : end] = damage
    with pytest.raises(UsageError, match="save it again"):
        from_fiddler(bytes(archive))


def test_the_number_of_sessions_is_limited() -> None:
    """An archive with one session more than the limit is refused, because every session takes time."""
    request = b"GET / HTTP/1.1\n\n"
    assert len(from_fiddler(bytes(_archive(request, sessions=MAX_SESSIONS)))) == MAX_SESSIONS
    with pytest.raises(UsageError, match=f"it has more than {MAX_SESSIONS} sessions"):
        from_fiddler(bytes(_archive(request, sessions=MAX_SESSIONS + 1)))
