"""Errors of the user that end a command."""

from collections.abc import Iterator
from contextlib import contextmanager

from handlers.snap.masking import Mask

USAGE_ERROR_STATUS = 2
"""The exit status."""


class UsageError(Exception):
    """One or more mistakes. Each is one line that says what is wrong and what to do."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes


@contextmanager
def masked_usage_errors(masked: Mask) -> Iterator[None]:
    """Mask the secrets in every UsageError that the block raises."""
    try:
        yield
    except UsageError as error:
        raise UsageError(*map(masked, error.mistakes)) from error
