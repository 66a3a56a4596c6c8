"""Audit trails for tests, written as the server writes them, but with times that the test chooses."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handlers.audit.chain import FIRST_PREVIOUS, LINE_END, LastLine, chained
from handlers.audit.checkpoint import CheckpointKey
from handlers.audit.files import TrailFile
from handlers.audit.record import CHECKPOINT, FILE_CLOSED, FILE_OPENED, Record

START = datetime(2026, 11, 29, 3, tzinfo=UTC)
PRIVATE_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_PEM = PRIVATE_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

Lines = list[bytes]
"""The lines of a file, without line ends."""


@dataclass
class Trail:
    """A trail that grows. `files` are its files, each with its lines."""

    key: CheckpointKey = field(default_factory=lambda: CheckpointKey.of(PRIVATE_KEY))
    now: datetime = START
    last: LastLine = field(default_factory=LastLine)
    files: dict[TrailFile, Lines] = field(default_factory=dict)

    def open(self) -> None:
        before = max(self.files, default=None)
        file = TrailFile.next_after(before, self.now)
        self.files[file] = []
        self.add(Record(FILE_OPENED, self.now, {"file": file.name, "file_before": before and before.name}))

    def close(self) -> None:
        self.add(Record(FILE_CLOSED, self.now, {"file": max(self.files).name}))
        self.sign()

    def sign(self) -> None:
        self.add(self.key.checkpoint(self.last, self.now))

    def add(self, record: Record) -> None:
        line, self.last = chained(record, self.last)
        self.files[max(self.files)].append(line)

    def event(self, event: str, **fields: object) -> None:
        """Add a line one second later."""
        self.now += timedelta(seconds=1)
        self.add(Record(event, self.now, fields))

    def write(self, folder: Path, compressed: int = 0) -> None:
        """Write the files, the first of them compressed."""
        write(folder, self.files, compressed)


def write(folder: Path, files: dict[TrailFile, Lines], compressed: int = 0) -> None:
    """Write these files into the folder, and nothing else. The first of them are compressed."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for index, (file, lines) in enumerate(sorted(files.items())):
        content = b"".join(line + LINE_END for line in lines)
        if index < compressed:
            (folder / file.compressed_name).write_bytes(gzip.compress(content, mtime=0))
        else:
            (folder / file.name).write_bytes(content)


def trail(files: int = 3, events: int = 4, key: CheckpointKey | None = None) -> Trail:
    """A trail of some files, each with a checkpoint in its middle. The newest file is not closed."""
    made = Trail(key or CheckpointKey.of(PRIVATE_KEY))
    for index in range(files):
        made.open()
        for number in range(events):
            made.event("token.issued", client="IONPAYTEST", outcome="issued", request_id=f"{index}-{number}")
        made.sign()
        made.event("call.genuine", client="IONPAYTEST", outcome="genuine")
        if index < files - 1:
            made.close()
    return made


def places(files: dict[TrailFile, Lines]) -> Iterator[tuple[TrailFile, int]]:
    """The file and the index of each line."""
    return ((file, index) for file, lines in sorted(files.items()) for index in range(len(lines)))


def copied(files: dict[TrailFile, Lines]) -> dict[TrailFile, Lines]:
    """A copy that a test can change."""
    return {file: list(lines) for file, lines in files.items()}


def rechained(files: dict[TrailFile, Lines]) -> dict[TrailFile, Lines]:
    """The files with all numbers and hashes computed anew. Anybody can do that without the private key."""
    previous, made = FIRST_PREVIOUS, dict[TrailFile, Lines]()
    for number, (file, index) in enumerate(places(files), 1):
        members = orjson.loads(files[file][index]) | {"previous": previous, "number": number}
        if members["event"] == CHECKPOINT:
            members |= {"lines": number - 1, "hash": previous}
        made.setdefault(file, []).append(orjson.dumps(members))
        previous = sha256(made[file][-1]).hexdigest()
    return made
