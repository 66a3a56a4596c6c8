"""The log fields that a decision adds to its line in the log."""

from contextvars import Context

from handlers.decision_notes import note, start_notes


def test_notes_belong_to_one_request() -> None:
    """Log fields go only to the notes that were started last."""
    first = start_notes()
    note(key="a", repeat=False)
    second = start_notes()
    note(key="c")
    assert (first, second) == ({"key": "a", "repeat": False}, {"key": "c"})


def test_without_notes_a_field_is_dropped() -> None:
    """A decision outside of a server needs no notes."""
    Context().run(note, key="a")
