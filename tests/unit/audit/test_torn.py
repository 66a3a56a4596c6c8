"""Lines that a crash tore."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from handlers.audit.appender import Appender, TrailOptions
from handlers.audit.chain import LONGEST_LINE
from handlers.audit.checkpoint import CheckpointKey
from handlers.audit.public_keys import PublicKeys
from handlers.audit.reading import stored_files
from handlers.audit.record import Record
from handlers.audit.verification import Verification
from tests.trails import PRIVATE_KEY, START

TORN = {
    "half a line": b'{"previous":"00',
    "zeros": b"\0" * (2 * LONGEST_LINE + 1),
    "two lines": b'half\n{"previous":',
    "a file with empty lines": b"x\n\n\ny",
}


def _append(folder: Path, now: datetime, event: str) -> None:
    options = TrailOptions(folder, CheckpointKey.of(PRIVATE_KEY), rotate_bytes=1_000_000)
    Appender(options, lambda: now).append([Record(event, now)])


@dataclass(frozen=True)
class Crash:
    """A file in which a crash left torn bytes."""

    file: Path
    torn: bytes

    def replace(self, torn: bytes) -> None:
        """Put other bytes in the place of the torn ones and their line end."""
        self.file.write_bytes(self.file.read_bytes().replace(self.torn + b"\n", torn))


@pytest.fixture(params=TORN)
def crash(tmp_path: Path, request: pytest.FixtureRequest) -> Crash:
    """The file of a trail in which a crash left torn bytes. Hours later, another server appended to it."""
    _append(tmp_path, START, "token.issued")
    (found,) = tmp_path.glob("audit-*")
    with found.open("ab") as opened:
        opened.write(TORN[request.param])
    _append(tmp_path, START + timedelta(hours=3), "token.refused")
    return Crash(found, TORN[request.param])


def _verified(folder: Path) -> Verification:
    verification = Verification(PublicKeys.of([PRIVATE_KEY.public_key()]))
    for _ in verification.read(stored_files(folder)):
        pass
    return verification


def test_torn_bytes_that_the_next_line_names_are_no_fault(crash: Crash) -> None:
    """After a crash the trail is whole, and a note says where the crash was."""
    verification = _verified(crash.file.parent)
    assert verification.fault is None
    place = 4 + crash.torn.count(b"\n")
    why = "a server stopped, or the disk was full, while it wrote them"
    note = f"line {place} follows {len(crash.torn)} torn bytes: {why}"
    assert verification.notes == [f"{crash.file.name} {note}"]


@pytest.mark.parametrize(
    "change",
    [
        lambda torn: torn + b"#",
        lambda torn: b"#" + torn[1:],
        lambda torn: torn.replace(b"\n", b"") if b"\n" in torn else b"\n" + torn,
    ],
)
def test_torn_bytes_that_were_altered_are_found(crash: Crash, change: Callable[[bytes], bytes]) -> None:
    """The place of torn bytes that somebody altered is named."""
    crash.replace(change(crash.torn) + b"\n")
    fault = _verified(crash.file.parent).fault
    assert fault
    assert (fault.line, fault.number) == (3, None)


def test_torn_bytes_that_were_removed_are_found(crash: Crash) -> None:
    """If the torn bytes are gone, the line that names them is named."""
    crash.replace(b"")
    fault = _verified(crash.file.parent).fault
    assert fault
    assert (fault.line, fault.number) == (3, 3)


def test_other_bytes_that_are_no_line_are_found(crash: Crash) -> None:
    """Bytes that are no line, and that no line names, are found also at the end of a file."""
    with crash.file.open("ab") as opened:
        opened.write(b"not a line\n")
    fault = _verified(crash.file.parent).fault
    assert fault
    assert fault.message == "is not a line of an audit trail: it was altered, inserted or cut off"
