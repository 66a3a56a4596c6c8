"""The file of token keys: one Fernet key a line, the first mints, all open until their time is over.

Text after a `#` is a comment, on a line of its own or after a key. `snap-token keys rotate` keeps its times there:
`KEY  # minting since 2026-11-23T22:55:02Z`, `# published ...`, `# retired ...`. The last one tells the server when a
key ends. Any other text is allowed.
"""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Self

from handlers.config.token_key_note import RETIRED, mistake, since
from handlers.snap.token import TokenKeys


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One key and the comment after it."""

    key: bytes = field(repr=False)
    note: str = ""

    @property
    def fingerprint(self) -> str:
        """What a key may be called in public: the first 8 hex characters of SHA-256 over its 32 bytes."""
        return sha256(urlsafe_b64decode(self.key)).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class TokenKeyFile:
    """What the file says: the comments on lines of their own, and the keys."""

    path: Path
    comments: tuple[str, ...]
    lines: tuple[KeyLine, ...]

    @classmethod
    def parse(cls, path: Path, text: str) -> Self:
        """Read the text of the file; ValueError if it holds no key, or a line that is none."""
        parts = [line.partition("#") for line in text.splitlines() if line.strip()]
        lines = tuple(KeyLine(key.strip().encode(), note.strip()) for key, _, note in parts if key.strip())
        TokenKeys([line.key for line in lines])
        return cls(path, tuple(note.strip() for key, _, note in parts if not key.strip()), lines)

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys alone."""
        return tuple(line.key for line in self.lines)

    @property
    def retired_at(self) -> Mapping[bytes, datetime]:
        """Since when keys mint no more, for those whose comments say so."""
        times = {line.key: since(line.note, RETIRED) for line in self.lines}
        return {key: at for key, at in times.items() if at}

    @property
    def mistakes(self) -> list[str]:
        """What is wrong with the comments of keys: they look like times, but are none."""
        found = [(line, mistake(line.note, mints=line is self.lines[0])) for line in self.lines]
        return [f"key {line.fingerprint}: {what}" for line, what in found if what]

    @property
    def text(self) -> str:
        """As the file is written: its own comments first."""
        comments = [f"# {comment}".rstrip() for comment in self.comments]
        keys = [f"{line.key.decode()}  # {line.note}" if line.note else line.key.decode() for line in self.lines]
        return "\n".join([*comments, *keys, ""])
