"""The note after a token key: the part that it plays, and since when. `keys rotate` writes it, the server reads it."""

import re
from datetime import UTC, datetime, timedelta

MINTING = "minting since"
PUBLISHED = "published"
RETIRED = "retired"

_PARTS = (MINTING, PUBLISHED, RETIRED)
_NOTE = re.compile(rf"({'|'.join(_PARTS)}) ([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9:]{{8}}Z)")


def written(part: str, now: datetime) -> str:
    """The note, such as `retired 2026-11-23T22:55:02Z`: whole seconds, rounded up, so that it is never too early."""
    second = (now.astimezone(UTC) + timedelta(microseconds=999_999)).replace(microsecond=0, tzinfo=None)
    return f"{part} {second.isoformat()}Z"


def since(note: str, part: str) -> datetime | None:
    """Since when the key plays this part; None if the note says nothing of it."""
    found = _NOTE.fullmatch(note)
    if found is None or found[1] != part:
        return None
    try:
        return datetime.fromisoformat(found[2])
    except ValueError:
        return None


def mistake(note: str, *, mints: bool) -> str:
    """What is wrong with the note of a key; empty if nothing is. `mints` says that the key is the first of its file."""
    part = next((part for part in _PARTS if re.match(rf"{part}\b", note, re.IGNORECASE)), None)
    if part and since(note, part) is None:
        return f"its comment begins with {part}, so a time such as 2026-11-23T22:55:02Z and nothing else must follow"
    if part == RETIRED and mints:
        return "it is the first, so it mints and has not retired: put another key above it, or take its comment off"
    return ""
