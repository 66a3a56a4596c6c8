"""The lines of a trail that answer a question."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from handlers.audit.reading import TrailLine, stored_files
from handlers.audit.selection import Selection
from tests.trails import START, Trail

TOKEN, OTHER = "1" * 64, "2" * 64


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[TrailLine]:
    """The life of a token of client A, among lines about other tokens and clients."""
    made = Trail()
    made.open()  # 1
    made.event("token.issued", client="A", outcome="issued", token=TOKEN, request_id="r-2")
    made.event("token.issued", client="B", outcome="issued", token=OTHER)  # 3
    made.event("call.genuine", client="A", outcome="genuine", token=TOKEN)
    made.event("tokens.revoked", client="B", outcome="revoked")  # 5
    made.event("call.refused", client="A", outcome="refused", reason="signature.mismatch", token=TOKEN)
    made.event("tokens.revoked", token=TOKEN, outcome="revoked")  # 7
    made.event("tokens.revoked", client="A", outcome="revoked")
    made.event("tokens.revoked", client="A", token=OTHER)  # 9
    made.now += timedelta(hours=1)
    made.event("tokens.revoked", client="A", outcome="revoked")
    folder = tmp_path_factory.mktemp("trail")
    made.write(folder)
    return [line for file in stored_files(folder) for line in file.lines()]


@pytest.mark.parametrize(
    ("selection", "numbers"),
    [
        (Selection, [*range(1, 11)]),
        (lambda: Selection(clients=["B"]), [3, 5]),
        (lambda: Selection(clients=["A", "B"], events=["token.issued"]), [2, 3]),
        (lambda: Selection(outcomes=["refused", "genuine"]), [4, 6]),
        (lambda: Selection(request_id="r-2"), [2]),
        (lambda: Selection(start=START + timedelta(seconds=6)), [7, 8, 9, 10]),
        (lambda: Selection(end=START + timedelta(seconds=2)), [1, 2]),
        (lambda: Selection(start=START + timedelta(seconds=1), end=START + timedelta(seconds=3)), [2, 3]),
        (lambda: Selection(token=TOKEN), [2, 4, 6, 7, 8]),
        (lambda: Selection(token=TOKEN, events=["call.genuine"]), [4]),
        (lambda: Selection(token="3" * 64), []),
    ],
)
def test_lines_are_selected(lines: list[TrailLine], selection: Callable[[], Selection], numbers: list[int]) -> None:
    """A line must match every part. A token's lines are its own, and the revocations of its client while it lives."""
    chosen = selection()
    assert [line.number for line in lines if chosen.matches(line)] == numbers
    assert chosen.count == len(numbers)


def test_a_period_can_be_empty() -> None:
    """A period that ends before it starts is recognised."""
    assert Selection(start=START, end=START).is_empty_period
    assert not Selection(start=START, end=START + timedelta(seconds=1)).is_empty_period
    assert not Selection(start=START).is_empty_period
    assert not Selection(end=START).is_empty_period
