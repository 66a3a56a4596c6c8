"""How many verifications may still be made."""

from collections.abc import Callable
from dataclasses import dataclass


def _never() -> bool:
    return False


@dataclass(slots=True)
class VerificationBudget:
    """Operations with a key that may still be done; `left` is None, without a limit, if a person waits for the answer.

    `is_over` says whether the time for it is over. `cut_short` is true once something was left untried.
    """

    left: int | None = None
    is_over: Callable[[], bool] = _never
    cut_short: bool = False

    @property
    def unlimited(self) -> bool:
        """Whether somebody waits for all that can be found out."""
        return self.left is None

    def spend(self) -> bool:
        """Use one operation; False if there is none left."""
        if self.left is not None:
            self.left -= 1
            self.cut_short |= self.left < 0
        self.cut_short = self.cut_short or self.is_over()
        return not self.cut_short
