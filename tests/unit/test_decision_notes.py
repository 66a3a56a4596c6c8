"""What a decision has the log say of itself."""

from contextvars import Context

from handlers.decision_notes import note, start_notes


def test_notes_are_of_one_request() -> None:
    """Facts reach the notes that were started last, and no earlier ones."""
    first = start_notes()
    note(key="a", repeat=False)
    second = start_notes()
    note(key="c")
    assert (first, second) == ({"key": "a", "repeat": False}, {"key": "c"})


def test_without_notes_a_fact_is_dropped() -> None:
    """A decision that is made without a server fails for no want of a log."""
    Context().run(note, key="a")
