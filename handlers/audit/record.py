"""One event for the audit trail, before it has its place in the chain."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

FILE_OPENED = "file.opened"
FILE_CLOSED = "file.closed"
CHECKPOINT = "checkpoint"
LINE_TORN = "line.torn"
TRAIL_RESUMED = "trail.resumed"


@dataclass(frozen=True, slots=True)
class Record:
    """What happened.

    `time` is aware. `fields` are values that JSON can express. A field that is None is not written. No field has a
    secret: a token, a signature or a body is there as its SHA-256 only.
    """

    event: str
    time: datetime
    fields: Mapping[str, object] = field(default_factory=dict)


def render_time(time: datetime) -> str:
    """The time in UTC with microseconds, such as `2026-11-29T03:00:00.000000Z`."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
