"""What a decision has the log say of itself: facts for its audit line alone, which no caller sees."""

from contextvars import ContextVar

_notes: ContextVar[dict[str, object] | None] = ContextVar("notes", default=None)


def taken() -> dict[str, object]:
    """Start the notes of the request under way; they fill while it is decided."""
    notes: dict[str, object] = {}
    _notes.set(notes)
    return notes


def note(**facts: object) -> None:
    """Add facts to the notes of the request under way, if somebody takes any."""
    notes = _notes.get()
    if notes is not None:
        notes.update(facts)
