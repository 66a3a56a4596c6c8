"""How many verifications may still be made."""

from dataclasses import dataclass


@dataclass(slots=True)
class Effort:
    """One operation with a key each; without a limit where somebody waits for the answer."""

    left: int | None = None

    @property
    def unlimited(self) -> bool:
        """Whether somebody waits for all that can be found out."""
        return self.left is None

    def spend(self) -> bool:
        """Take one; False if there is none left."""
        if self.left is None:
            return True
        self.left -= 1
        return self.left >= 0
