"""One check, with its time limit."""

from collections.abc import Iterator
from threading import Event

import pytest

from handlers.cli.errors import UsageError
from handlers.cli.self_check.completion import findings_of
from handlers.cli.self_check.finding import Finding, good

GOOD = good("files.room", "room")
TEXT = "a wrong option"


def test_a_check_gives_its_findings() -> None:
    """All findings of a check that ends in time."""
    assert findings_of("files.room", lambda: iter([GOOD, GOOD])) == [GOOD, GOOD]


def test_a_check_that_hangs_is_an_error() -> None:
    """A disk or a server that never answers is one error, and the other checks are made."""
    release = Event()

    def hang() -> Iterator[Finding]:
        release.wait()
        yield GOOD

    (finding,) = findings_of("state.latency", hang, 0.01)  # No other test uses this name, which stays in use for now.
    release.set()
    assert (finding.check, finding.severity, finding.found) == (
        "state.latency",
        "error",
        "no result within 0.01 seconds",
    )


def test_a_check_that_fails_is_an_error() -> None:
    """A fault that nobody foresaw is one line with its cause, and no traceback."""

    def fail() -> Iterator[Finding]:
        yield GOOD
        yield good("files.room", str(1 / 0))

    (finding,) = findings_of("files.room", fail)
    assert (finding.severity, finding.found) == ("error", "the check failed: ZeroDivisionError: division by zero")


def test_a_wrong_option_ends_the_command() -> None:
    """A mistake of the caller is no finding about the installation."""

    def refuse() -> Iterator[Finding]:
        yield GOOD
        raise UsageError(TEXT)

    with pytest.raises(UsageError, match=TEXT):
        findings_of("files.room", refuse)
