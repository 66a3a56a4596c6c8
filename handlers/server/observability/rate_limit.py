"""So many times a second and no more."""

from datetime import datetime


class RateLimit:
    """A limit for work that helps and that nobody waits for."""

    def __init__(self, most_a_second: int) -> None:
        self._most = most_a_second
        self._second = self._given = 0

    def allows(self, now: datetime) -> bool:
        """Whether it may be done once more in this second."""
        second = int(now.timestamp())
        if second != self._second:
            self._second, self._given = second, 0
        allowed = self._given < self._most
        self._given += allowed
        return allowed

    def give_back(self, now: datetime) -> None:
        """What was allowed then was not needed."""
        if int(now.timestamp()) == self._second:
            self._given -= 1
