"""The check of the clock against a web server."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Thread

import httpx
import pytest

from handlers.cli.self_check.clock import check_clock
from tests.merchant import Merchant

TOLERANCE = timedelta(seconds=300)
NOON = datetime(2026, 1, 22, 5, 0, 0, 500_000, tzinfo=UTC)
"""Half a second after the time that the time source gives."""


@contextmanager
def _time_source(*headers: str) -> Iterator[httpx.URL]:
    """A web server that answers one request with these headers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                lines = ("HTTP/1.1 204 No Content", *headers, "Connection: close", "", "")
                connection.sendall("\r\n".join(lines).encode())

        thread = Thread(target=answer)
        thread.start()
        yield httpx.URL(f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread.join()


def _check(
    ahead: timedelta = timedelta(), date: str = format_datetime(NOON, usegmt=True), *headers: str
) -> tuple[str, str]:
    with _time_source(f"Date: {date}", *headers) as source, httpx.Client(trust_env=False) as client:
        finding = check_clock(client, source, TOLERANCE, lambda: NOON + ahead)
        return finding.severity, finding.found


@pytest.mark.parametrize(
    ("seconds", "severity", "found"),
    [
        (0, "good", "the clock is 0.0 s behind 127.0.0.1"),
        (5, "good", "the clock is 5.0 s ahead of 127.0.0.1"),
        (-5.1, "warning", "the clock is 5.1 s behind 127.0.0.1"),
        (150, "warning", "the clock is 150.0 s ahead of 127.0.0.1"),
        (25_200, "error", "the clock is 25200.0 s ahead of 127.0.0.1, more than half of a client's tolerance of 300 s"),
        (-150.1, "error", "the clock is 150.1 s behind 127.0.0.1, more than half of a client's tolerance of 300 s"),
    ],
)
def test_the_difference_decides(seconds: float, severity: str, found: str) -> None:
    """More than 5 seconds is a warning. More than half of the smallest tolerance is an error."""
    assert _check(timedelta(seconds=seconds)) == (severity, found)


@pytest.mark.parametrize("date", ["", "noon", "Thu, 22 Jan 2026 05:00:00 -0000"])
def test_a_time_source_without_a_time_is_an_error(date: str) -> None:
    """A missing or malformed `Date`, or one without a zone, gives no time."""
    assert _check(date=date) == (
        "error",
        "127.0.0.1 gives no time of its own: its answer has no valid Date, or is from a cache",
    )


def test_the_time_of_a_cache_does_not_count() -> None:
    """An answer with `Age` is from a cache, and its `Date` is older than the answer."""
    assert _check(timedelta(), format_datetime(NOON, usegmt=True), "Age: 60")[0] == "error"


def test_a_time_source_that_does_not_answer_is_an_error() -> None:
    """If nothing listens there, the finding names the host only."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = httpx.URL(f"http://127.0.0.1:{closed.getsockname()[1]}/?secret")
    with httpx.Client(trust_env=False) as client:
        finding = check_clock(client, url, TOLERANCE, lambda: NOON)
    assert (finding.severity, finding.found) == ("error", "no answer from 127.0.0.1: [Errno 111] Connection refused")


def test_this_server_can_be_the_time_source(merchant: Merchant) -> None:
    """A real server's `Date` is compared with the clock of the machine."""
    finding = check_clock(merchant.client, httpx.URL(merchant.origin), TOLERANCE, lambda: datetime.now(UTC))
    assert finding.severity in {"good", "warning"}


def test_without_a_time_source_the_check_is_skipped() -> None:
    """Nothing is requested without --time-source."""
    with httpx.Client() as client:
        assert check_clock(client, None, TOLERANCE, lambda: NOON).severity == "skipped"
