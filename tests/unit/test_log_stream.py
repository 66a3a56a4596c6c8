"""A stream that loses lines rather than fail."""

import errno
import io
import json

from handlers.server.log_stream import LossyStream


class _FullDisk(io.StringIO):
    """A stream that can be filled up."""

    full = False

    def write(self, text: str) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)

    def flush(self) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")


def test_lines_pass_while_there_is_room() -> None:
    """What is written arrives."""
    disk = _FullDisk()
    assert LossyStream(disk).write("a line\n") == 7
    assert disk.getvalue() == "a line\n"


def test_a_full_disk_loses_lines_and_says_so_afterwards() -> None:
    """While the disk is full nothing fails; the first line that fits is preceded by the number of those lost."""
    disk = _FullDisk()
    stream = LossyStream(disk)
    disk.full = True
    for _ in range(3):
        stream.write("lost\n")
        stream.flush()
    disk.full = False
    stream.write("kept\n")
    stream.write("kept too\n")
    told, *kept = disk.getvalue().splitlines()
    assert json.loads(told) == {"event": "log.lost", "level": "error", "lines": 3}
    assert kept == ["kept", "kept too"]
