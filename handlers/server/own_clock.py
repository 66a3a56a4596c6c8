"""Whether our own clock may be the one that is wrong: when every client looks skewed alike, it probably is."""

from collections import deque
from collections.abc import Callable

from handlers.snap.client import Clients

ENOUGH = 3
"""Refusals in a row, with no token issued between them."""

ALIKE_SECONDS = 30.0
"""How far apart the skews of clients may be that are off by the same cause."""

_REASONS = frozenset({"clock.behind", "clock.ahead"})


class OwnClock:
    """Watches the skews of known clients; of two clients or more, at least two must look alike."""

    def __init__(self, clients: Callable[[], Clients]) -> None:
        self._clients = clients
        self._streak: deque[tuple[str, float]] = deque(maxlen=ENOUGH)
        self._suspected = False

    def becomes_suspect(self, client_key: str, skew_seconds: float, reason: str | None) -> bool:
        """Take one decision into account; True if it is the one that raises the suspicion.

        `reason` is None for a token that was issued: whoever got it agrees with our clock.
        """
        if reason is None:
            self._streak.clear()
        elif reason in _REASONS and client_key in self._clients():
            self._streak.append((client_key, skew_seconds))
        before, self._suspected = self._suspected, self._all_alike()
        return self._suspected and not before

    def _all_alike(self) -> bool:
        skews = [skew for _, skew in self._streak]
        seen = {client for client, _ in self._streak}
        enough = len(skews) == ENOUGH and len(seen) >= min(2, len(self._clients()))
        return enough and max(skews) - min(skews) <= ALIKE_SECONDS
