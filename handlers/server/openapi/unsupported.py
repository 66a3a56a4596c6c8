"""What the document says and this server cannot do: it stops the start."""

from collections.abc import Iterator
from contextlib import contextmanager


class UnsupportedError(ValueError):
    """One line: the operation, the keyword, and what is supported instead."""

    def __init__(self, *, keyword: str, why: str) -> None:
        super().__init__(f"{keyword}: {why}")


@contextmanager
def naming(place: str) -> Iterator[None]:
    """Begin the message of an UnsupportedError from the block with its place, such as the operationId."""
    try:
        yield
    except UnsupportedError as error:
        raise UnsupportedError(keyword=place, why=str(error)) from None
