"""A limit for the operations with keys."""

from collections.abc import Callable
from dataclasses import dataclass


def _never() -> bool:
    return False


@dataclass(slots=True)
class VerificationBudget:
    """The number of operations with keys that are left, and the time limit.

    `left` is None if a person waits for the answer: then only the time is limited. `is_over` returns whether the time
    is over. `cut_short` becomes true as soon as the doctor leaves something untried.
    """

    left: int | None = None
    is_over: Callable[[], bool] = _never
    cut_short: bool = False

    @property
    def unlimited(self) -> bool:
        """Whether the number of operations has no limit."""
        return self.left is None

    def spend(self) -> bool:
        """Use one operation. Return False if none is left or the time is over."""
        if self.left is not None:
            self.left -= 1
            self.cut_short |= self.left < 0
        return self.has_time() and not self.cut_short

    def has_time(self) -> bool:
        """Return whether the time limit allows more work that needs no operation with a key."""
        is_over = self.is_over()
        self.cut_short |= is_over
        return not is_over
