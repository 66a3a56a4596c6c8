"""Flow control of a connection."""

import asyncio

import pytest

from handlers.server.process.backpressure import Backpressure


class _Reading(asyncio.Transport):
    """A transport that says whether it reads."""

    reads = True

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


@pytest.fixture
def transport() -> _Reading:
    return _Reading()


def test_an_answer_does_not_resume_held_reading(transport: _Reading) -> None:
    """While reading is held, `resume_reading` does nothing. `release` resumes it."""
    flow = Backpressure(transport)
    flow.hold()
    flow.resume_reading()
    assert not transport.reads
    flow.release()
    assert transport.reads


def test_a_release_leaves_other_pauses_alone(transport: _Reading) -> None:
    """`release` does not end a pause that `hold` did not start."""
    flow = Backpressure(transport)
    flow.pause_reading()
    flow.release()
    assert not transport.reads
    flow.resume_reading()
    assert transport.reads
