"""The note after a token key: its status, and since when. `keys rotate` writes notes, and the server reads them."""

import re
from datetime import UTC, datetime, timedelta

MINTING = "minting since"
PUBLISHED = "published"
RETIRED = "retired"

_STATUSES = (MINTING, PUBLISHED, RETIRED)
_NOTE = re.compile(rf"({'|'.join(_STATUSES)}) ([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9:]{{8}}Z)")


def render_note(status: str, now: datetime) -> str:
    """The note, such as `retired 2026-11-23T22:55:02Z`. The time is rounded up to seconds, so it is never too early."""
    second = (now.astimezone(UTC) + timedelta(microseconds=999_999)).replace(microsecond=0, tzinfo=None)
    return f"{status} {second.isoformat()}Z"


def since(note: str, status: str) -> datetime | None:
    """Since when the key has this status. None if the note does not give a valid time for it."""
    found = _NOTE.fullmatch(note)
    if found is None or found[1] != status:
        return None
    try:
        return datetime.fromisoformat(found[2])
    except ValueError:
        return None


def note_mistake(note: str, *, is_first: bool) -> str:
    """What is wrong with the note of a key. Empty if it is correct. `is_first`: the key is the first in its file."""
    status = next((status for status in _STATUSES if re.match(rf"{status}\b", note, re.IGNORECASE)), None)
    if status and since(note, status) is None:
        return f"its comment must be only {status!r} and a time, such as: {status} 2026-11-23T22:55:02Z"
    if status == RETIRED and is_first:
        return "it encrypts new tokens, because it is the first; put another key above it, or delete its comment"
    return ""
