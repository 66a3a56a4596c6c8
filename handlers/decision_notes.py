"""Facts about a decision for its line in the log. No caller sees them."""

from contextvars import ContextVar

_notes: ContextVar[dict[str, object] | None] = ContextVar("notes", default=None)


def start_notes() -> dict[str, object]:
    """Start the notes of the request under way. The dictionary fills while the request is decided."""
    notes: dict[str, object] = {}
    _notes.set(notes)
    return notes


def note(**facts: object) -> None:
    """Add facts to the notes of the request under way, if they were started."""
    notes = _notes.get()
    if notes is not None:
        notes.update(facts)
