"""Fixtures of the tests of the server."""

import io
from collections.abc import Iterator

import pytest

from handlers.server.observability import configure


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The log of the server."""
    stream = io.StringIO()
    configure.set_up(stream)
    yield stream
    configure.set_up()
