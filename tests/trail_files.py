"""The audit trail in a folder, read without the code under test."""

import gzip
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

Line = dict[str, Any]


def write_key(file: Path) -> Ed25519PrivateKey:
    """Write a new Ed25519 private key into a file that only its owner can read."""
    key = Ed25519PrivateKey.generate()
    file.touch(0o600)
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def raw_lines(folder: Path) -> list[bytes]:
    """All lines of the trail, the oldest first, without line ends. Each file is there once, plain or compressed."""
    files = {path.name.removesuffix(".gz"): path for path in sorted(folder.glob("audit-*"), reverse=True)}
    contents = [_content(files[name]) for name in sorted(files, key=lambda name: name.split("-")[2])]
    return [line for content in contents for line in content.split(b"\n") if line]


def _content(file: Path) -> bytes:
    return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()


def chain_of(folder: Path) -> list[Line]:
    """All lines of the trail as objects, after a check that they are one chain. Torn bytes are left out."""
    lines, hash_before = [], "0" * 64
    for raw in raw_lines(folder):
        try:
            line = json.loads(raw)
        except ValueError:
            continue
        assert line["previous"] == hash_before
        hash_before = sha256(raw).hexdigest()
        lines.append(line)
    assert [line["number"] for line in lines] == list(range(1, len(lines) + 1))
    return lines


def events(folder: Path) -> list[str]:
    """The events of all lines."""
    return [line["event"] for line in chain_of(folder)]
