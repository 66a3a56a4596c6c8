"""What instances share. A stand-in: one memory for each URL, and no Redis that answers."""

from handlers.state.memory import DownState, MemoryState
from handlers.state.port import State, StateDownError

__all__ = ["State", "StateDownError", "open_state"]

_STATES: dict[str, MemoryState] = {}


def open_state(url: str) -> State:
    """The state of that URL."""
    return DownState() if url.startswith("redis") else _STATES.setdefault(url, MemoryState())
