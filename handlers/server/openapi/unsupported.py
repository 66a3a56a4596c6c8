"""The error for a document that says something that the server does not support. It stops the start."""

from collections.abc import Iterator
from contextlib import contextmanager


class UnsupportedError(ValueError):
    """One line with the operation, the keyword, and the reason."""

    def __init__(self, *, keyword: str, why: str) -> None:
        super().__init__(f"{keyword}: {why}")


@contextmanager
def naming(place: str) -> Iterator[None]:
    """Put a place, such as the operationId, in front of the message of an UnsupportedError in the block."""
    try:
        yield
    except UnsupportedError as error:
        raise UnsupportedError(keyword=place, why=str(error)) from None
