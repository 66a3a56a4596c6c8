"""The file of token keys: one Fernet key per line.

The first key encrypts new tokens. Every key decrypts tokens until it ends. Text after a `#` is a comment, on its own
line or after a key. `snap-token keys rotate` writes times there: `KEY  # minting since 2026-11-23T22:55:02Z`,
`# published ...`, `# retired ...`. The server computes the end of a key from its `retired` time. Any other comment is
allowed.
"""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Self

from handlers.config.token_key_note import MINTING, RETIRED, note_mistake, since
from handlers.snap.token import TokenKeys


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One key, and the comment after it."""

    key: bytes = field(repr=False)
    note: str = ""

    @property
    def fingerprint(self) -> str:
        """The public name of the key: the first 8 hex characters of the SHA-256 digest of its 32 bytes."""
        return sha256(urlsafe_b64decode(self.key)).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class TokenKeyFile:
    """The content of the file: the comments on their own lines, and the keys."""

    path: Path
    comments: tuple[str, ...]
    lines: tuple[KeyLine, ...]

    @classmethod
    def parse(cls, path: Path, text: str) -> Self:
        """Parse the text of the file.

        Raises:
            ValueError: The text has no key, or a line is not a key.
        """
        parts = [line.partition("#") for line in text.splitlines() if line.strip()]
        lines = tuple(KeyLine(key.strip().encode(), note.strip()) for key, _, note in parts if key.strip())
        TokenKeys([line.key for line in lines])
        return cls(path, tuple(note.strip() for key, _, note in parts if not key.strip()), lines)

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys without their comments."""
        return tuple(line.key for line in self.lines)

    @property
    def minting_since(self) -> datetime | None:
        """Since when the first key encrypts new tokens. None if its comment has no such time."""
        return since(self.lines[0].note, MINTING)

    def minting_age(self, now: datetime) -> timedelta:
        """For how long the first key has encrypted new tokens. Without a time in its comment: the age of the file.

        Raises:
            OSError: The comment has no time, and the file cannot be examined.
        """
        since_when = self.minting_since or datetime.fromtimestamp(self.path.stat().st_mtime, UTC)
        return max(timedelta(), now - since_when)

    @property
    def retired_at(self) -> Mapping[bytes, datetime]:
        """When each retired key stopped encrypting new tokens. Keys whose comment has no such time are left out."""
        times = {line.key: since(line.note, RETIRED) for line in self.lines}
        return {key: at for key, at in times.items() if at}

    @property
    def mistakes(self) -> list[str]:
        """One line for each key comment that looks like a time of `keys rotate`, but is not valid."""
        found = [(line, note_mistake(line.note, is_first=line is self.lines[0])) for line in self.lines]
        return [f"key {line.fingerprint}: {mistake}" for line, mistake in found if mistake]

    @property
    def text(self) -> str:
        """The text of the file. The comments on their own lines come first."""
        comments = [f"# {comment}".rstrip() for comment in self.comments]
        keys = [f"{line.key.decode()}  # {line.note}" if line.note else line.key.decode() for line in self.lines]
        return "\n".join([*comments, *keys, ""])
