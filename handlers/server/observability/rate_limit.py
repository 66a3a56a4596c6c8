"""A limit per second."""

from datetime import datetime


class RateLimit:
    """A rate limit for optional work, such as diagnosis. Work beyond the limit is skipped."""

    def __init__(self, most_a_second: int) -> None:
        self._most = most_a_second
        self._second = self._count = 0

    def allows(self, now: datetime) -> bool:
        """Whether the work is allowed once more in this second. If so, it is counted."""
        second = int(now.timestamp())
        if second != self._second:
            self._second, self._count = second, 0
        allowed = self._count < self._most
        self._count += allowed
        return allowed

    def give_back(self, now: datetime) -> None:
        """Undo the count of `allows(now)`, because the work was not needed."""
        if int(now.timestamp()) == self._second:
            self._count -= 1
