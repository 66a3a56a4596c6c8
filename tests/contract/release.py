"""Which version a change needs (Semantic Versioning 2.0.0), and what the changelog must have."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tests.contract.change import Change, Node
from tests.contract.documents import changes

CHANGELOG = "CHANGELOG.md"
CORRECTIONS = "released/corrections.yaml"


class Version(NamedTuple):
    """The three numbers of a version."""

    major: int
    minor: int
    patch: int

    @classmethod
    def of(cls, document: Node) -> "Version":
        """Raise ValueError if `info.version` is not three numbers."""
        given = str(document["info"]["version"])
        if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", given, re.ASCII):
            message = f"info.version is {given}; write MAJOR.MINOR.PATCH, for example 1.1.0"
            raise ValueError(message)
        return cls(*map(int, given.split(".")))

    def __str__(self) -> str:
        return ".".join(map(str, self))


@dataclass(frozen=True)
class Comparison:
    """A document and the released one.

    Attributes:
        file: The name of the document, for messages.
        released: The document as released.
        document: The document as it is now.
        corrections: Changes that need no new version. `*` stands for any text.
    """

    file: str
    released: Node
    document: Node
    corrections: Sequence[str] = ()

    def lines(self) -> Iterator[tuple[str, bool]]:
        """One line for each change and each correction, and whether it fails the check.

        Raises:
            UnsupportedError: A reference in a document cannot be resolved.
            ValueError: A version is not three numbers.
        """
        released, version = Version.of(self.released), Version.of(self.document)
        found = changes(self.released, self.document)
        if version < released:
            yield f"{self.file}: info.version {version} is lower than the released {released}; raise it", True
        for change in found:
            if not any(_matches(pattern, change) for pattern in self.corrections):
                yield self._line(change, released, version)
        yield from (self._correction(pattern, found) for pattern in self.corrections)

    def _correction(self, pattern: str, found: Sequence[Change]) -> tuple[str, bool]:
        count = sum(_matches(pattern, each) for each in found)
        if not count:
            return f"{CORRECTIONS}: no change of {self.file} is `{pattern}`; delete the entry", True
        return f"{self.file}: {pattern}: correction, {count} times: {CORRECTIONS} says why", False

    def _line(self, change: Change, released: Version, version: Version) -> tuple[str, bool]:
        start = f"{self.file}: {change}"
        kind = "breaking" if change.is_breaking else "addition"
        least = _least(released, change)
        if version >= least:
            return f"{start}: {kind}: info.version {version} announces it", False
        advice = f"undo it, or set info.version to {least} and describe it in {CHANGELOG}"
        if change.is_breaking:
            advice += f". If the wire stays as it was, list it in {CORRECTIONS}"
        return f"{start}: {kind}: {advice}", True


def _matches(pattern: str, change: Change) -> bool:
    return bool(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), str(change)))


def _least(released: Version, change: Change) -> Version:
    """The lowest version that announces the change."""
    if change.is_breaking:
        return Version(released.major + 1, 0, 0)
    return Version(released.major, released.minor + 1, 0)


def has_entry(changelog: str, version: Version) -> bool:
    """Whether the changelog has a heading of this version and text below it."""
    heading = rf"^## \[?{re.escape(str(version))}\]?(?![\w.+-]).*$"
    found = re.search(rf"{heading}\n(?P<entry>(?:(?!^## ).*\n?)*)", changelog, re.MULTILINE)
    return bool(found and re.search(r"^[^#\s]", found["entry"], re.MULTILINE))
