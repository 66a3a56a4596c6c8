"""Log fields that a decision adds to its line in the log. No caller sees them."""

from contextvars import ContextVar

_notes: ContextVar[dict[str, object] | None] = ContextVar("notes", default=None)


def start_notes() -> dict[str, object]:
    """Start the notes of the current request. The dictionary fills while the request is decided."""
    notes: dict[str, object] = {}
    _notes.set(notes)
    return notes


def note(**log_fields: object) -> None:
    """Add log fields to the notes of the current request. Without notes, nothing happens."""
    notes = _notes.get()
    if notes is not None:
        notes.update(log_fields)
