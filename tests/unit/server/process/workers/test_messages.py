"""What a supervisor and its worker say to each other."""

import pytest

from handlers.server.process.workers.messages import (
    Assignment,
    Inherited,
    NotStarted,
    Order,
    Ready,
    Report,
    as_line,
    read_line,
)


@pytest.mark.parametrize("report", [Ready(3, 20), NotStarted(("a: wrong\nvalue", "b: required"))])
def test_a_report_is_one_line(report: Report) -> None:
    """A report survives the way through the socket as one line, whatever its mistakes contain."""
    line = as_line(report)
    assert line.count(b"\n") == 1
    assert read_line(line) == report


def test_an_assignment_is_one_argument() -> None:
    """An assignment survives the way through the command line."""
    assignment = Assignment("a b.toml", "crash", 7, "/run/x", {"server": Inherited(5, "::1", 8080)})
    assert Assignment.from_argument(assignment.as_argument()) == assignment


def test_an_order_is_one_byte() -> None:
    """Each order has a byte of its own, so that orders that arrive together can be told apart."""
    assert {len(order.value) for order in Order} == {1}
