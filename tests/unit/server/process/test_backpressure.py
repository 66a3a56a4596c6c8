"""When to read from a connection."""

import asyncio

import pytest

from handlers.server.process.backpressure import Backpressure


class _Reading(asyncio.Transport):
    """A transport that tells whether it reads."""

    reads = True

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


@pytest.fixture
def transport() -> _Reading:
    return _Reading()


def test_what_is_held_is_not_resumed_by_an_answer(transport: _Reading) -> None:
    """While reading is held, resuming does nothing; the release does."""
    flow = Backpressure(transport)
    flow.hold()
    flow.resume_reading()
    assert not transport.reads
    flow.release()
    assert transport.reads


def test_a_release_leaves_other_pauses_alone(transport: _Reading) -> None:
    """A pause that nothing held, such as that of a long body, is not ended by a release."""
    flow = Backpressure(transport)
    flow.pause_reading()
    flow.release()
    assert not transport.reads
    flow.resume_reading()
    assert transport.reads
